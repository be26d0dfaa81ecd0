/* Operations: accepted calls run on a thread each and end in the completion callback (docs/hcs.md#operations). */
#include "double.h"

#include <stdlib.h>
#include <string.h>

static Operation *the_operations;
static Work *held;
static uint64_t numbers;

/* ------------------------------------------------------------------------------------------------------------- documents */

typedef struct Document {
  WCHAR *text;
  struct Document *next;
} Document;

/* By address, so that a storm of documents stays cheap. */
enum { BUCKETS = 1024 };
static Document *documents[BUCKETS];

static Document **bucket_of(const void *text) { return &documents[((uintptr_t)text >> 4) % BUCKETS]; }

/** A string for the caller to free with LocalFree. */
WCHAR *document_out(const char *text) {
  Document *document = calloc(1, sizeof *document);
  document->text = utf16_of(text, NULL);
  Document **bucket = bucket_of(document->text);
  document->next = *bucket;
  *bucket = document;
  the_counters.documents++;
  return document->text;
}

/* The name LocalFree belongs to kernel32 in the headers; the library has its own, which counts. */
void *double_local_free(void *memory) __asm__("LocalFree");
void *double_local_free(void *memory) {
  if (memory == NULL) return NULL;
  mutex_lock(&the_lock);
  Document **at = bucket_of(memory);
  while (*at != NULL && (*at)->text != memory) at = &(*at)->next;
  Document *found = *at;
  if (found == NULL) the_counters.bad_frees++;
  else {
    *at = found->next;
    the_counters.documents--;
    free(found->text);
    free(found);
  }
  mutex_unlock(&the_lock);
  return found == NULL ? memory : NULL;
}

/* ------------------------------------------------------------------------------------------------------------ operations */

Operation *operation_new(void *context, HCS_OPERATION_COMPLETION callback) {
  Operation *operation = calloc(1, sizeof *operation);
  operation->number = ++numbers;
  operation->context = context;
  operation->callback = callback;
  operation->type = -1;
  operation->next = the_operations;
  the_operations = operation;
  the_counters.operations++;
  return operation;
}

/** The open operation; NULL, counted, for anything else. */
Operation *operation_check(void *pointer) {
  for (Operation *operation = the_operations; operation != NULL; operation = operation->next)
    if (operation == pointer && !operation->closed) return operation;
  the_counters.bad_handles++;
  return NULL;
}

static void forget(Operation *operation) {
  if (!operation->closed || operation->users > 0) return;
  for (Operation **at = &the_operations; *at != NULL; at = &(*at)->next)
    if (*at == operation) {
      *at = operation->next;
      break;
    }
  free(operation->document);
  free(operation);
}

void operation_close(Operation *operation) {
  operation->closed = true;
  the_counters.operations--;
  forget(operation);
}

HRESULT operation_result(Operation *operation, PWSTR *document) {
  if (operation->state == OPERATION_CREATED && operation->document == NULL) return NOT_STARTED;
  if (operation->state == OPERATION_ACTIVE) return PENDING;
  if (document != NULL && operation->document != NULL) *document = document_out(operation->document);
  return operation->result;
}

static void complete(Work *work, HRESULT result, const char *document) {
  Operation *operation = work->operation;
  operation->result = result;
  free(operation->document);
  if (work->plan.has_document) document = work->plan.document;
  operation->document = document == NULL ? NULL : strdup(document);
  operation->state = OPERATION_COMPLETE;
  for (int times = work->plan.twice ? 2 : 1; times > 0 && operation->callback != NULL; times--) {
    the_counters.callbacks++;
    HCS_OPERATION handle = (HCS_OPERATION)operation;
    HCS_OPERATION_COMPLETION callback = operation->callback;
    void *context = operation->context;
    mutex_unlock(&the_lock);
    callback(handle, context);
    mutex_lock(&the_lock);
  }
}

static void finish(Work *work) {
  work->operation->users--;
  forget(work->operation);
  if (work->system != NULL) system_release(work->system);
  free(work->argument);
  free(work->plan.document);
  free(work);
}

/** Does the work and completes the operation. Called with the lock. */
static void carry_out(Work *work) {
  System *system = work->system;
  Plan *plan = &work->plan;
  Buffer document = {0};
  HRESULT result;
  if (plan->crash && system != NULL) {
    system_announce(system, EVENT_CRASH_INITIATED, "{\"CrashLog\":\"the guest panicked\"}");
    system_announce(system, EVENT_CRASH_REPORT, "{\"CrashLog\":\"the guest panicked\"}");
    system_exit(system, "UnexpectedExit", UNEXPECTED_EXIT);
  }
  if (plan->exit_type != NULL && system != NULL) {
    system_exit(system, plan->exit_type, strcmp(plan->exit_type, "UnexpectedExit") == 0 ? UNEXPECTED_EXIT : S_OK_);
  }
  if (plan->disconnect && system != NULL) {
    for (Handle *handle = the_handles; handle != NULL; handle = handle->next)
      if (handle->system == system) {
        handle_announce(handle, EVENT_DISCONNECT, NULL);
        handle->disconnected = true;
      }
  }
  if (plan->after_exit && system != NULL)
    while (system->state != STOPPED) condition_wait(&the_change, &the_lock);
  if (plan->fail != 0) {
    result = plan->fail;
    result_error(&document, result, NULL, NULL, "as configured");
  } else result = system_perform(work, &document);
  bool obeys = work->op == OP_SHUTDOWN && result == S_OK_;
  complete(work, result, document.text);
  free(document.text);
  /* The guest goes down after it was told to; that it was told comes first. */
  if (obeys && system->state == RUNNING) system_exit(system, "GracefulExit", S_OK_);
}

static void run(void *argument) {
  Work *work = argument;
  if (work->plan.delay_ms > 0) sleep_ms(work->plan.delay_ms);
  mutex_lock(&the_lock);
  if (work->plan.hold) {
    work->next = held;
    held = work;
    the_counters.held++;
    condition_broadcast(&the_change);
  } else {
    if (!work->plan.never) carry_out(work);
    finish(work);
  }
  mutex_unlock(&the_lock);
}

static void resume_held(void *argument) {
  Work *work = argument;
  mutex_lock(&the_lock);
  carry_out(work);
  finish(work);
  mutex_unlock(&the_lock);
}

/** Lets every held operation go, each on its own thread. Returns how many. */
int operations_release_held(void) {
  int count = 0;
  while (held != NULL) {
    Work *work = held;
    held = work->next;
    the_counters.held--;
    count++;
    start_thread(resume_held, work);
  }
  return count;
}

/** Accepts a call, or refuses it as planned. Takes over the work. Called with the lock. */
HRESULT operation_begin(Work *work) {
  Operation *operation = work->operation;
  operation->users++;
  if (work->system != NULL) work->system->references++;
  if (operation->state == OPERATION_ACTIVE) {
    finish(work);
    return ALREADY_STARTED;
  }
  Plan *plan = &work->plan;
  HRESULT refuse = plan->refuse;
  const Json *rights = configured("rights");
  const Json *service = configured("service");
  if (rights != NULL && rights->kind == J_FALSE && (work->op == OP_CREATE || work->op == OP_ENUMERATE)) refuse = NO_RIGHTS;
  if (service != NULL && service->kind == J_FALSE) refuse = SERVICE_NOT_AVAILABLE;
  if (work->handle != NULL && work->handle->disconnected) refuse = DISCONNECTED;
  if (plan->call_ms > 0) {
    mutex_unlock(&the_lock);
    sleep_ms(plan->call_ms);
    mutex_lock(&the_lock);
  }
  if (refuse != 0) {
    Buffer document = {0};
    result_error(&document, refuse, NULL, NULL, "refused");
    operation->state = OPERATION_COMPLETE;
    operation->result = refuse;
    free(operation->document);
    operation->document = document.text;
    finish(work);
    return refuse;
  }
  static const int types[OPS] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 19, -1, -1};
  operation->state = OPERATION_ACTIVE;
  operation->type = types[work->op];
  HRESULT accept = plan->accept;
  if (plan->inside) {
    carry_out(work);
    finish(work);
  } else if (!start_thread(run, work)) {
    operation->state = OPERATION_CREATED;
    finish(work);
    return OUT_OF_MEMORY;
  }
  return accept;
}
