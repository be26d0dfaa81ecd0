/* How a test steers the double and looks inside: faults, counters, the record of calls, struct layouts. */
#include "double.h"

#include <stdlib.h>
#include <string.h>

Counters the_counters;

static Json *configuration;

/** Calls so far, by operation and id or by rule and id. */
typedef struct Count {
  char *key;
  int count;
  struct Count *next;
} Count;
static Count *counts;

static Buffer calls;

const Json *configured(const char *key) { return json_get(configuration, key); }

static int count_call(int rule, Op op, const char *id) {
  Buffer key = {0};
  put(&key, "%d %d %s", rule, (int)op, id);
  Count *count = counts;
  while (count != NULL && strcmp(count->key, key.text) != 0) count = count->next;
  if (count == NULL) {
    count = calloc(1, sizeof *count);
    count->key = strdup(key.text);
    count->next = counts;
    counts = count;
  }
  free(key.text);
  return ++count->count;
}

static void forget_counts(void) {
  while (counts != NULL) {
    Count *count = counts;
    counts = count->next;
    free(count->key);
    free(count);
  }
}

static const char *const op_names[OPS] = {"enumerate", "create", "start", "shutdown", "pause",   "resume",  "save",
                                          "terminate", "modify", "properties", "crash", "migrate", "open", "close"};

static bool matches(const Json *rule, int index, Op op, const char *id, const char *path) {
  const Json *nth = json_get(rule, "nth");
  if (strcmp(json_text(json_get(rule, "op"), ""), op_names[op]) != 0) return false;
  if (json_get(rule, "id") != NULL && strcmp(json_text(json_get(rule, "id"), ""), id) != 0) return false;
  if (json_get(rule, "path") != NULL && strcmp(json_text(json_get(rule, "path"), ""), path == NULL ? "" : path) != 0) return false;
  return nth == NULL || count_call(index, op, id) == (int)nth->number;
}

static HRESULT code(const Json *rule, const char *key) {
  return (HRESULT)(uint32_t)json_number(json_get(rule, key), 0);
}

Plan plan_call(Op op, const char *id, const char *path) {
  Plan plan = {0};
  const Json *latency = json_get(configured("latency"), op_names[op]);
  if (latency != NULL) plan.delay_ms = (uint32_t)json_number(latency->kind == J_ARRAY ? latency->first : latency, 0);
  const Json *rules = configured("faults");
  int index = 0;
  for (const Json *rule = rules == NULL ? NULL : rules->first; rule != NULL; rule = rule->next, index++) {
    if (!matches(rule, index, op, id, path)) continue;
    plan.delay_ms += (uint32_t)json_number(json_get(rule, "delayMs"), 0);
    plan.call_ms = (uint32_t)json_number(json_get(rule, "callMs"), 0);
    plan.fail = code(rule, "fail");
    plan.refuse = code(rule, "refuse");
    plan.accept = code(rule, "accept");
    plan.never = json_true(json_get(rule, "never"));
    plan.inside = json_true(json_get(rule, "inside"));
    plan.twice = json_true(json_get(rule, "twice"));
    plan.hold = json_true(json_get(rule, "hold"));
    plan.after_exit = json_true(json_get(rule, "afterExit"));
    plan.crash = json_true(json_get(rule, "crash"));
    plan.disconnect = json_true(json_get(rule, "disconnect"));
    plan.exit_type = json_text(json_get(rule, "exit"), NULL);
    plan.has_document = json_get(rule, "document") != NULL || json_true(json_get(rule, "noDocument"));
    if (json_get(rule, "document") != NULL) plan.document = strdup(json_text(json_get(rule, "document"), ""));
    break;
  }
  return plan;
}

void record_call(const char *function, const char *id, PCWSTR argument, bool has_argument) {
  the_counters.calls++;
  if (!json_true(configured("record"))) return;
  put(&calls, "%s{\"call\":\"%s\",\"id\":", calls.length == 0 ? "" : ",", function);
  put_string(&calls, id == NULL ? "" : id);
  if (has_argument) {
    char *text = utf8_of(argument);
    put(&calls, ",\"argument\":");
    if (text == NULL) put(&calls, "null");
    else put_string(&calls, text);
    free(text);
  }
  put(&calls, "}");
}

/* ------------------------------------------------------------------------------------------------------------------- exports */

/** Sets faults, latency and the like: the names of SimulatedOptions, and more (see plan_call). Everything not given is off. */
bool DoubleConfigure(PCWSTR options) {
  char *text = utf8_of(options);
  Json *parsed = json_parse(text);
  free(text);
  if (parsed == NULL) return false;
  mutex_lock(&the_lock);
  json_free(configuration);
  configuration = parsed;
  forget_counts();
  calls.length = 0;
  mutex_unlock(&the_lock);
  return true;
}

/** Ends the systems that nobody holds, empties every record. Open handles stay as they are, and are counted. */
void DoubleReset(void) {
  mutex_lock(&the_lock);
  systems_forget();
  cpu_groups_forget();
  the_counters.bad_frees = the_counters.bad_handles = the_counters.callbacks = the_counters.calls = 0;
  calls.length = 0;
  mutex_unlock(&the_lock);
}

void DoubleCounters(int64_t result[8]) {
  mutex_lock(&the_lock);
  memcpy(result, &the_counters, sizeof the_counters);
  mutex_unlock(&the_lock);
}

/** The recorded calls, an array of {call, id, argument}. Freed with DoubleFree. */
WCHAR *DoubleCalls(void) {
  mutex_lock(&the_lock);
  Buffer all = {0};
  put(&all, "[%.*s]", (int)calls.length, calls.length == 0 ? "" : calls.text);
  mutex_unlock(&the_lock);
  WCHAR *result = utf16_of(all.text, NULL);
  free(all.text);
  return result;
}

void DoubleFree(void *memory) { free(memory); }

/** Completes every operation that a `hold` fault keeps, each on its own thread. */
int DoubleRelease(void) {
  mutex_lock(&the_lock);
  int count = operations_release_held();
  mutex_unlock(&the_lock);
  return count;
}

/** Ends every running VM at one instant: each exit is told on its own thread, and all threads start together. */
int DoubleExitAll(PCWSTR exit_type) {
  char *name = utf8_of(exit_type);
  static const char *const known[] = {"GracefulExit", "ForcedExit", "UnexpectedExit"};
  const char *type = known[0];
  for (int i = 0; i < 3; i++)
    if (strcmp(name, known[i]) == 0) type = known[i];
  free(name);
  mutex_lock(&the_lock);
  gate_close();
  int count = 0;
  for (System *system = the_systems, *next; system != NULL; system = next) {
    next = system->next;
    if (system->state == CREATED) continue;
    system_exit(system, type, type == known[2] ? UNEXPECTED_EXIT : S_OK_);
    count++;
  }
  gate_open();
  mutex_unlock(&the_lock);
  return count;
}

/** Announces an event of any type with any text, also NULL, on the handles of one system. */
bool DoubleAnnounce(PCWSTR id, uint32_t type, PCWSTR data) {
  char *name = utf8_of(id);
  char *text = utf8_of(data);
  mutex_lock(&the_lock);
  System *system = system_find(name);
  if (system != NULL) system_announce(system, type, text);
  mutex_unlock(&the_lock);
  free(name);
  free(text);
  return system != NULL;
}

/** Calls back on a thread of its own, whether or not anybody still listens: for callbacks after close. */
typedef struct {
  HCS_EVENT_CALLBACK event;
  HCS_OPERATION_COMPLETION completion;
  void *context;
} Late;

static void call_late(void *argument) {
  Late late = *(Late *)argument;
  free(argument);
  HCS_EVENT event = {(HCS_EVENT_TYPE)EVENT_EXITED, NULL, NULL};
  if (late.event != NULL) late.event(&event, late.context);
  if (late.completion != NULL) late.completion((HCS_OPERATION)(uintptr_t)0x1234, late.context);
  mutex_lock(&the_lock);
  the_counters.callbacks++;
  mutex_unlock(&the_lock);
}

static Late last_event, last_completion;

void remember_event_callback(HCS_EVENT_CALLBACK callback, void *context) {
  last_event = (Late){callback, NULL, context};
}

void remember_completion(HCS_OPERATION_COMPLETION callback, void *context) {
  last_completion = (Late){NULL, callback, context};
}

/** Repeats the callbacks of the last registration and the last operation, whose handles may be closed long since. */
void DoubleCallLate(void) {
  mutex_lock(&the_lock);
  Late *event = malloc(sizeof *event), *completion = malloc(sizeof *completion);
  *event = last_event;
  *completion = last_completion;
  mutex_unlock(&the_lock);
  start_thread(call_late, event);
  start_thread(call_late, completion);
}

/** Sizes and offsets as this compiler lays them out: HCS_EVENT, HCS_PROCESS_INFORMATION, HCS_CREATE_OPTIONS_1. */
int DoubleLayout(uint32_t *result) {
  const size_t all[] = {
      sizeof(HCS_EVENT), offsetof(HCS_EVENT, Type), offsetof(HCS_EVENT, EventData), offsetof(HCS_EVENT, Operation),
      sizeof(HCS_PROCESS_INFORMATION), offsetof(HCS_PROCESS_INFORMATION, ProcessId), offsetof(HCS_PROCESS_INFORMATION, Reserved),
      offsetof(HCS_PROCESS_INFORMATION, StdInput), offsetof(HCS_PROCESS_INFORMATION, StdOutput), offsetof(HCS_PROCESS_INFORMATION, StdError),
      sizeof(HCS_CREATE_OPTIONS_1), offsetof(HCS_CREATE_OPTIONS_1, Version), offsetof(HCS_CREATE_OPTIONS_1, UserToken),
      offsetof(HCS_CREATE_OPTIONS_1, SecurityDescriptor), offsetof(HCS_CREATE_OPTIONS_1, CallbackOptions),
      offsetof(HCS_CREATE_OPTIONS_1, CallbackContext), offsetof(HCS_CREATE_OPTIONS_1, Callback),
  };
  int count = (int)(sizeof all / sizeof *all);
  for (int i = 0; i < count; i++) result[i] = (uint32_t)all[i];
  return count;
}
