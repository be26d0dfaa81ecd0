/* The functions of computecore.dll that the double has, by the names and types of the public headers. */
#include "double.h"

#include <stdlib.h>
#include <string.h>

Mutex the_lock = MUTEX_INIT;
Condition the_change = CONDITION_INIT;

void remember_event_callback(HCS_EVENT_CALLBACK callback, void *context);
void remember_completion(HCS_OPERATION_COMPLETION callback, void *context);

/* ---------------------------------------------------------------------------------------------------------------- operations */

HCS_OPERATION WINAPI HcsCreateOperation(const void *context, HCS_OPERATION_COMPLETION callback) {
  mutex_lock(&the_lock);
  Operation *operation = operation_new((void *)context, callback);
  remember_completion(callback, (void *)context);
  mutex_unlock(&the_lock);
  return (HCS_OPERATION)operation;
}

void WINAPI HcsCloseOperation(HCS_OPERATION handle) {
  mutex_lock(&the_lock);
  Operation *operation = operation_check(handle);
  if (operation != NULL) operation_close(operation);
  mutex_unlock(&the_lock);
}

HRESULT WINAPI HcsGetOperationResult(HCS_OPERATION handle, PWSTR *document) {
  mutex_lock(&the_lock);
  if (document != NULL) *document = NULL;
  Operation *operation = operation_check(handle);
  HRESULT result = operation == NULL ? INVALID_HANDLE : operation_result(operation, document);
  mutex_unlock(&the_lock);
  return result;
}

HRESULT WINAPI HcsWaitForOperationResult(HCS_OPERATION handle, DWORD timeout_ms, PWSTR *document) {
  HRESULT result;
  for (DWORD waited = 0;; waited++) {
    result = HcsGetOperationResult(handle, document);
    if (result != PENDING) return result;
    if (waited >= timeout_ms) return OPERATION_TIMEOUT;
    sleep_ms(1);
  }
}

HRESULT WINAPI HcsCancelOperation(HCS_OPERATION handle) {
  (void)handle;
  return NOT_IMPLEMENTED;
}

void *WINAPI HcsGetOperationContext(HCS_OPERATION handle) {
  mutex_lock(&the_lock);
  Operation *operation = operation_check(handle);
  void *context = operation == NULL ? NULL : operation->context;
  mutex_unlock(&the_lock);
  return context;
}

HCS_OPERATION_TYPE WINAPI HcsGetOperationType(HCS_OPERATION handle) {
  mutex_lock(&the_lock);
  Operation *operation = operation_check(handle);
  int type = operation == NULL ? -1 : operation->type;
  mutex_unlock(&the_lock);
  return (HCS_OPERATION_TYPE)type;
}

UINT64 WINAPI HcsGetOperationId(HCS_OPERATION handle) {
  mutex_lock(&the_lock);
  Operation *operation = operation_check(handle);
  UINT64 number = operation == NULL ? ~(UINT64)0 : operation->number;
  mutex_unlock(&the_lock);
  return number;
}

#define RESOURCE_SOCKET 4
static const char socket_uri[] = "hcs:/VirtualMachine/LiveMigrationSocket";

HRESULT WINAPI HcsAddResourceToOperation(HCS_OPERATION handle, DWORD type, PCWSTR uri, HANDLE resource) {
  mutex_lock(&the_lock);
  Operation *operation = operation_check(handle);
  char *text = utf8_of(uri);
  HRESULT result = S_OK_;
  if (operation == NULL) result = INVALID_HANDLE;
  else if (type != RESOURCE_SOCKET || text == NULL || strcmp(text, socket_uri) != 0) result = INVALID_ARGUMENT;
  else operation->socket = resource;
  record_call("HcsAddResourceToOperation", text, uri, true);
  free(text);
  mutex_unlock(&the_lock);
  return result;
}

/* ------------------------------------------------------------------------------------------------------------------- systems */

/** One call on a handle. Called without the lock. */
static HRESULT call(const char *function, Op op, HCS_SYSTEM system, HCS_OPERATION operation, PCWSTR argument, int step) {
  mutex_lock(&the_lock);
  Handle *handle = handle_check(system);
  Operation *tracked = operation_check(operation);
  HRESULT result;
  if (handle == NULL || tracked == NULL || handle->system == NULL) result = INVALID_HANDLE;
  else {
    Work *work = calloc(1, sizeof *work);
    *work = (Work){.op = op, .operation = tracked, .handle = handle, .system = handle->system, .argument = utf8_of(argument)};
    work->step = step;
    work->socket = tracked->socket;
    char *path = NULL;
    if (op == OP_MODIFY) {
      Json *request = json_parse(work->argument);
      const char *text = json_text(json_get(request, "ResourcePath"), NULL);
      path = text == NULL ? NULL : strdup(text);
      json_free(request);
    }
    work->plan = plan_call(op, handle->system->id, path);
    free(path);
    record_call(function, handle->system->id, argument, true);
    result = operation_begin(work);
  }
  mutex_unlock(&the_lock);
  return result;
}

HRESULT WINAPI HcsEnumerateComputeSystems(PCWSTR query, HCS_OPERATION operation) {
  mutex_lock(&the_lock);
  Operation *tracked = operation_check(operation);
  HRESULT result = INVALID_HANDLE;
  if (tracked != NULL) {
    Work *work = calloc(1, sizeof *work);
    *work = (Work){.op = OP_ENUMERATE, .operation = tracked, .argument = utf8_of(query), .plan = plan_call(OP_ENUMERATE, "", NULL)};
    record_call("HcsEnumerateComputeSystems", "", query, true);
    result = operation_begin(work);
  }
  mutex_unlock(&the_lock);
  return result;
}

HRESULT WINAPI HcsCreateComputeSystem(PCWSTR id, PCWSTR configuration, HCS_OPERATION operation, const SECURITY_DESCRIPTOR *descriptor,
                                      HCS_SYSTEM *out) {
  mutex_lock(&the_lock);
  *out = NULL;
  Operation *tracked = operation_check(operation);
  char *name = utf8_of(id);
  char *text = utf8_of(configuration);
  Json *document = json_parse(text);
  HRESULT result = INVALID_HANDLE;
  record_call("HcsCreateComputeSystem", name, configuration, true);
  if (tracked != NULL && (descriptor != NULL || name == NULL)) result = INVALID_ARGUMENT;
  else if (tracked != NULL && (document == NULL || document->kind != J_OBJECT)) {
    result = INVALID_JSON;
    Buffer error = {0};
    result_error(&error, result, NULL, "$", "not JSON");
    free(tracked->document);
    tracked->document = error.text;
    tracked->result = result;
    tracked->state = OPERATION_COMPLETE;
  } else if (tracked != NULL) {
    Handle *handle = handle_new(system_new(name, document));
    document = NULL;
    Work *work = calloc(1, sizeof *work);
    *work = (Work){.op = OP_CREATE, .operation = tracked, .handle = handle, .system = handle->system, .plan = plan_call(OP_CREATE, name, NULL)};
    /* Valid as soon as the call is accepted, also when the work then fails. */
    result = operation_begin(work);
    if (result < 0 && result != PENDING && result != CODE(0xC0370103)) handle_close(handle);
    else *out = (HCS_SYSTEM)handle;
  }
  json_free(document);
  free(name);
  free(text);
  mutex_unlock(&the_lock);
  return result;
}

HRESULT WINAPI HcsOpenComputeSystem(PCWSTR id, DWORD access, HCS_SYSTEM *out) {
  (void)access;
  mutex_lock(&the_lock);
  *out = NULL;
  char *name = utf8_of(id);
  record_call("HcsOpenComputeSystem", name, NULL, false);
  Plan plan = plan_call(OP_OPEN, name, NULL);
  const Json *rights = configured("rights");
  uint32_t wait_ms = plan.call_ms + plan.delay_ms;
  if (wait_ms > 0) {
    mutex_unlock(&the_lock);
    sleep_ms(wait_ms);
    mutex_lock(&the_lock);
  }
  System *system = system_find(name);
  HRESULT result = plan.refuse != 0 ? plan.refuse : plan.fail;
  if (rights != NULL && rights->kind == J_FALSE) result = NO_RIGHTS;
  if (result == S_OK_ && system == NULL) result = SYSTEM_NOT_FOUND;
  if (result == S_OK_) *out = (HCS_SYSTEM)handle_new(system);
  free(plan.document);
  free(name);
  mutex_unlock(&the_lock);
  return result;
}

void WINAPI HcsCloseComputeSystem(HCS_SYSTEM system) {
  mutex_lock(&the_lock);
  Handle *handle = handle_check(system);
  if (handle != NULL) {
    const char *id = handle->system->id;
    record_call("HcsCloseComputeSystem", id, NULL, false);
    Plan plan = plan_call(OP_CLOSE, id, NULL);
    if (plan.call_ms > 0) {
      mutex_unlock(&the_lock);
      sleep_ms(plan.call_ms);
      mutex_lock(&the_lock);
    }
    free(plan.document);
    handle_close(handle);
  }
  mutex_unlock(&the_lock);
}

HRESULT WINAPI HcsSetComputeSystemCallback(HCS_SYSTEM system, HCS_EVENT_OPTIONS options, const void *context, HCS_EVENT_CALLBACK callback) {
  mutex_lock(&the_lock);
  Handle *handle = handle_check(system);
  HRESULT result = handle == NULL ? INVALID_HANDLE : handle_register(handle, (uint32_t)options, (void *)context, callback);
  if (handle != NULL) record_call("HcsSetComputeSystemCallback", handle->system->id, NULL, false);
  remember_event_callback(callback, (void *)context);
  mutex_unlock(&the_lock);
  return result;
}

#define STARTING_CALL(name, op)                                                                        \
  HRESULT WINAPI name(HCS_SYSTEM system, HCS_OPERATION operation, PCWSTR options) {                    \
    return call(#name, op, system, operation, options, 0);                                             \
  }
#define MIGRATION_CALL(name, step)                                                                     \
  HRESULT WINAPI name(HCS_SYSTEM system, HCS_OPERATION operation, PCWSTR options) {                    \
    return call(#name, OP_MIGRATE, system, operation, options, step);                                  \
  }

STARTING_CALL(HcsStartComputeSystem, OP_START)
STARTING_CALL(HcsShutDownComputeSystem, OP_SHUTDOWN)
STARTING_CALL(HcsTerminateComputeSystem, OP_TERMINATE)
STARTING_CALL(HcsPauseComputeSystem, OP_PAUSE)
STARTING_CALL(HcsResumeComputeSystem, OP_RESUME)
STARTING_CALL(HcsSaveComputeSystem, OP_SAVE)
STARTING_CALL(HcsCrashComputeSystem, OP_CRASH)
STARTING_CALL(HcsGetComputeSystemProperties, OP_PROPERTIES)
MIGRATION_CALL(HcsInitializeLiveMigrationOnSource, 0)
MIGRATION_CALL(HcsStartLiveMigrationOnSource, 1)
MIGRATION_CALL(HcsStartLiveMigrationTransfer, 2)
MIGRATION_CALL(HcsFinalizeLiveMigration, 3)
MIGRATION_CALL(HcsCancelLiveMigration, 4)

HRESULT WINAPI HcsModifyComputeSystem(HCS_SYSTEM system, HCS_OPERATION operation, PCWSTR configuration, HANDLE identity) {
  if (identity != NULL) return INVALID_ARGUMENT;
  return call("HcsModifyComputeSystem", OP_MODIFY, system, operation, configuration, 0);
}

/* ------------------------------------------------------------------------------------------------------------------- service */

static HRESULT service(const char *function, PCWSTR argument, PWSTR *out, HRESULT (*answer)(const char *, Buffer *)) {
  mutex_lock(&the_lock);
  char *text = utf8_of(argument);
  Buffer document = {0};
  record_call(function, "", argument, true);
  const Json *up = configured("service");
  HRESULT result = up != NULL && up->kind == J_FALSE ? SERVICE_NOT_AVAILABLE : answer(text, &document);
  if (out != NULL) *out = document.text == NULL ? NULL : document_out(document.text);
  free(document.text);
  free(text);
  mutex_unlock(&the_lock);
  return result;
}

HRESULT WINAPI HcsGetServiceProperties(PCWSTR query, PWSTR *document) {
  return service("HcsGetServiceProperties", query, document, service_properties);
}

HRESULT WINAPI HcsModifyServiceSettings(PCWSTR settings, PWSTR *document) {
  return service("HcsModifyServiceSettings", settings, document, modify_service);
}

static HRESULT change_access(const char *function, PCWSTR id, PCWSTR path) {
  mutex_lock(&the_lock);
  char *name = utf8_of(id), *file = utf8_of(path);
  record_call(function, name, path, true);
  HRESULT result = file == NULL || *file == 0 ? INVALID_ARGUMENT : path_is_missing(file) ? FILE_NOT_FOUND : S_OK_;
  free(name);
  free(file);
  mutex_unlock(&the_lock);
  return result;
}

HRESULT WINAPI HcsGrantVmAccess(PCWSTR id, PCWSTR path) { return change_access("HcsGrantVmAccess", id, path); }
HRESULT WINAPI HcsRevokeVmAccess(PCWSTR id, PCWSTR path) { return change_access("HcsRevokeVmAccess", id, path); }

static HRESULT change_file(const char *function, PCWSTR path) {
  mutex_lock(&the_lock);
  char *file = utf8_of(path);
  record_call(function, "", path, true);
  HRESULT result = file == NULL || *file == 0 ? INVALID_ARGUMENT : path_is_missing(file) ? FILE_NOT_FOUND : S_OK_;
  free(file);
  mutex_unlock(&the_lock);
  return result;
}

HRESULT WINAPI HcsGrantVmGroupAccess(PCWSTR path) { return change_file("HcsGrantVmGroupAccess", path); }
HRESULT WINAPI HcsRevokeVmGroupAccess(PCWSTR path) { return change_file("HcsRevokeVmGroupAccess", path); }
HRESULT WINAPI HcsCreateEmptyGuestStateFile(PCWSTR path) { return change_file("HcsCreateEmptyGuestStateFile", path); }
HRESULT WINAPI HcsCreateEmptyRuntimeStateFile(PCWSTR path) { return change_file("HcsCreateEmptyRuntimeStateFile", path); }

HRESULT WINAPI HcsGetProcessorCompatibilityFromSavedState(PCWSTR path, PCWSTR *features) {
  HRESULT result = change_file("HcsGetProcessorCompatibilityFromSavedState", path);
  mutex_lock(&the_lock);
  if (features != NULL) *features = result == S_OK_ ? document_out("{\"ProcessorFeatures\":[\"SSE4.2\"]}") : NULL;
  mutex_unlock(&the_lock);
  return result;
}
