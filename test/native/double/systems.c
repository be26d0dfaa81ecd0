/* Compute systems: the table of states (docs/hcs.md#states), create, start, save and migration. */
#include "double.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef _WIN32
#include <unistd.h>
#endif

System *the_systems;

/** Files that systems were saved to. */
typedef struct Saved {
  char *path;
  struct Saved *next;
} Saved;
static Saved *saved_states;

/* Rows are operations, columns states (docs/hcs.md#states): 0 goes ahead, I is an invalid state, S already stopped. */
#define I INVALID_STATE
#define S ALREADY_STOPPED
static const HRESULT table[OPS][STATES] = {
    /*                 Created Running Paused Template Stopped */
    [OP_START] = {0, I, I, I, S},
    [OP_SHUTDOWN] = {I, 0, I, I, S},
    [OP_TERMINATE] = {0, 0, 0, 0, S},
    [OP_PAUSE] = {I, 0, I, I, S},
    [OP_RESUME] = {I, I, 0, I, S},
    [OP_SAVE] = {I, I, 0, I, S},
    [OP_MODIFY] = {0, 0, 0, 0, 0}, /* 6.3: path and type come before the state */
    [OP_PROPERTIES] = {0, 0, 0, 0, 0},
    [OP_CRASH] = {I, 0, I, I, S},
    [OP_MIGRATE] = {I, 0, I, I, S},
};
#undef I
#undef S

System *system_find(const char *id) {
  for (System *system = the_systems; system != NULL; system = system->next)
    if (strcmp(system->id, id) == 0) return system;
  return NULL;
}

System *system_new(const char *id, Json *document) {
  System *system = calloc(1, sizeof *system);
  system->id = strdup(id);
  system->document = document;
  WCHAR *wide = utf16_of(id, NULL);
  runtime_id_of(wide, system->runtime_id);
  free(wide);
  return system;
}

void system_release(System *system) {
  if (--system->references > 0 || system->in_table) return;
  entries_free(system);
  json_free(system->document);
  free(system->cpu_group);
  free(system->id);
  free(system);
}

static void leave_table(System *system) {
  for (System **at = &the_systems; *at != NULL; at = &(*at)->next)
    if (*at == system) {
      *at = system->next;
      break;
    }
  system->in_table = false;
}

void system_exit(System *system, const char *exit_type, HRESULT status) {
  if (system->state == STOPPED) return;
  system->state = STOPPED;
  system->exit_type = exit_type;
  leave_table(system);
  Buffer data = {0};
  bool graceful = strcmp(exit_type, "GracefulExit") == 0;
  bool forced = strcmp(exit_type, "ForcedExit") == 0;
  put(&data, "{\"Status\":%d,\"ExitType\":\"%s\",\"Attribution\":[{\"SystemExit\":{\"Detail\":\"%s\",\"Initiator\":\"%s\"}}]}",
      (int)status, exit_type, graceful ? "Shutdown" : forced ? "Terminate" : "UnexpectedExit",
      graceful ? "GuestOS" : forced ? "Client" : "Internal");
  system_announce(system, EVENT_EXITED, data.text);
  free(data.text);
  condition_broadcast(&the_change);
}

/** Ends what nobody holds any more: systems that outlive their handles stay until then. */
void systems_forget(void) {
  for (System *system = the_systems, *next; system != NULL; system = next) {
    next = system->next;
    if (system->handles > 0) continue;
    system->references++;
    system_exit(system, "ForcedExit", S_OK_);
    system_release(system);
  }
  while (saved_states != NULL) {
    Saved *saved = saved_states;
    saved_states = saved->next;
    free(saved->path);
    free(saved);
  }
}

/** Paths of this system are looked up; those of another count as present. */
bool path_is_missing(const char *path) {
#ifdef _WIN32
  (void)path;
  return false;
#else
  return path[0] == '/' && access(path, F_OK) != 0;
#endif
}

/* ------------------------------------------------------------------------------------------------------------------ create */

static HRESULT refuse(Buffer *document, HRESULT code, const char *step, const char *path, const char *problem) {
  result_error(document, code, step, path, problem);
  return code;
}

#define VM "VirtualMachine"

/** The wrong types and words that this double looks for. */
static const char *misfit(const Json *vm) {
  const Json *memory = json_at(vm, "ComputeTopology", "Memory", "SizeInMB", NULL);
  if (memory != NULL && memory->kind != J_NUMBER) return "$.VirtualMachine.ComputeTopology.Memory.SizeInMB";
  const Json *count = json_at(vm, "ComputeTopology", "Processor", "Count", NULL);
  if (count != NULL && count->kind != J_NUMBER) return "$.VirtualMachine.ComputeTopology.Processor.Count";
  const Json *ports = json_at(vm, "Devices", "ComPorts", NULL);
  for (const Json *port = ports == NULL ? NULL : ports->first; port != NULL; port = port->next)
    if (strcmp(port->key, "0") != 0 && strcmp(port->key, "1") != 0) return "$.VirtualMachine.Devices.ComPorts";
  return NULL;
}

static HRESULT create(System *system, Buffer *document) {
  const Json *top = system->document;
  int kinds = 0;
  static const char *const each[] = {VM, "Container", "HostedSystem"};
  for (int i = 0; i < 3; i++) kinds += json_get(top, each[i]) != NULL;
  if (kinds != 1 || json_get(top, VM) == NULL)
    return refuse(document, INVALID_JSON, "Construct", "$", "expected one of VirtualMachine, Container, HostedSystem");
  const Json *vm = json_get(top, VM);
  const char *path = misfit(vm);
  if (path != NULL) return refuse(document, INVALID_JSON, NULL, path, "wrong type");
  double major = json_number(json_at(top, "SchemaVersion", "Major", NULL), 2);
  double minor = json_number(json_at(top, "SchemaVersion", "Minor", NULL), 1);
  if (major != 2 || minor > 7) return refuse(document, INVALID_JSON, NULL, "$.SchemaVersion", "unknown version");
  if (system_find(system->id) != NULL) return refuse(document, SYSTEM_EXISTS, NULL, NULL, "");
  if (json_at(vm, "Chipset", "Uefi", NULL) != NULL && json_at(vm, "Chipset", "LinuxKernelDirect", NULL) != NULL)
    return refuse(document, INVALID_ARGUMENT, "Construct", NULL, "two ways to boot");
  const Json *topology = json_get(vm, "ComputeTopology");
  double memory = json_number(json_at(topology, "Memory", "SizeInMB", NULL), 0);
  double count = json_number(json_at(topology, "Processor", "Count", NULL), 1);
  double processors = json_number(configured("processors"), 64);
  if (memory <= 0 || (uint64_t)memory % 2 != 0 || count < 1 || count > processors)
    return refuse(document, BAD_TOPOLOGY, "Construct", NULL, "memory or processors");
  if (json_true(json_at(topology, "Memory", "EnableDeferredCommit", NULL)) &&
      !json_true(json_at(topology, "Memory", "AllowOvercommit", NULL)))
    return refuse(document, INVALID_ARGUMENT, "Construct", NULL, "EnableDeferredCommit needs AllowOvercommit");
  if (json_at(topology, "Processor", "CpuGroup", NULL) != NULL && json_get(vm, "ResourcePartitionId") != NULL)
    return refuse(document, INVALID_ARGUMENT, "Construct", NULL, "a CPU group and a resource partition");
  HRESULT devices = load_devices(system);
  if (devices != S_OK_) return refuse(document, devices, "Construct", "$.VirtualMachine.Devices", "a device");
  system->memory_mb = (uint64_t)memory;
  system->next = the_systems;
  the_systems = system;
  system->in_table = true;
  return S_OK_;
}

/* ------------------------------------------------------------------------------------------------------------- start, save */

static HRESULT start(System *system, Buffer *document) {
  const Json *vm = json_get(system->document, VM);
  double host = json_number(configured("memoryMB"), 1e15);
  double used = (double)system->memory_mb;
  for (System *other = the_systems; other != NULL; other = other->next)
    if (other != system && other->started != 0) used += (double)other->memory_mb;
  if (used > host) return refuse(document, NO_HOST_MEMORY, "Start", NULL, "memory");
  const char *files[] = {
      json_text(json_at(vm, "Chipset", "LinuxKernelDirect", "KernelFilePath", NULL), ""),
      json_text(json_at(vm, "Chipset", "LinuxKernelDirect", "InitRdPath", NULL), ""),
  };
  for (int i = 0; i < 2; i++)
    if (path_is_missing(files[i])) return refuse(document, FILE_NOT_FOUND, "Start", NULL, files[i]);
  for (Entry *entry = system->entries; entry != NULL; entry = entry->next)
    if (path_is_missing(entry->target)) return refuse(document, FILE_NOT_FOUND, "Start", NULL, entry->target);
  const char *restore = json_text(json_at(vm, "RestoreState", "SaveStateFilePath", NULL), NULL);
  if (restore != NULL) {
    Saved *saved = saved_states;
    while (saved != NULL && strcmp(saved->path, restore) != 0) saved = saved->next;
    if (saved == NULL) return refuse(document, FILE_NOT_FOUND, "Start", NULL, restore);
  }
  system->state = RUNNING;
  system->started = now_100ns();
  return S_OK_;
}

static HRESULT save(System *system, const char *options, Buffer *document) {
  Json *asked = json_parse(options);
  const char *type = json_text(json_get(asked, "SaveType"), NULL);
  const char *path = json_text(json_get(asked, "SaveStateFilePath"), NULL);
  HRESULT result = S_OK_;
  if (type != NULL && strcmp(type, "ToFile") == 0 && path != NULL) {
    Saved *saved = calloc(1, sizeof *saved);
    saved->path = strdup(path);
    saved->next = saved_states;
    saved_states = saved;
  } else if (type != NULL && strcmp(type, "AsTemplate") == 0) system->state = SAVED_AS_TEMPLATE;
  else result = refuse(document, INVALID_JSON, "Save", "$.SaveType", "expected ToFile with a path, or AsTemplate");
  json_free(asked);
  return result;
}

static HRESULT shutdown(System *system, const char *options, Buffer *document) {
  Json *asked = json_parse(options);
  bool is_document = asked != NULL && asked->kind == J_OBJECT;
  json_free(asked);
  if (!is_document) return refuse(document, INVALID_JSON, "Shutdown", "$", "expected ShutdownOptions");
  const Json *vm = json_get(system->document, VM);
  bool channel = json_at(vm, "Services", "Shutdown", NULL) != NULL || json_get(vm, "GuestConnection") != NULL;
  bool guest = strcmp(json_text(configured("guest"), "builtin"), "none") != 0;
  return channel || guest ? S_OK_ : refuse(document, NOT_SUPPORTED, "Shutdown", NULL, "no channel to the guest");
}

/* --------------------------------------------------------------------------------------------------------------- migration */

static void notify_migration(System *system, const char *event, const char *result) {
  Buffer data = {0};
  put(&data, "{\"Origin\":\"Source\",\"Event\":\"%s\",\"Result\":\"%s\"}", event, result);
  system_announce(system, EVENT_MIGRATION, data.text);
  free(data.text);
}

enum { STEP_INITIALIZE, STEP_START, STEP_TRANSFER, STEP_FINALIZE, STEP_CANCEL };

/** Source side of a migration (docs/hcs.md#live-migration): each step after the one before; cancelling at any time before the end. */
static HRESULT migrate(System *system, Work *work) {
  if (work->step == STEP_CANCEL) {
    if (system->migration == 0) return INVALID_STATE;
    system->migration = 0;
    notify_migration(system, "MigrationFailed", "MigrationCancelled");
    return S_OK_;
  }
  if (system->migration != work->step) return INVALID_STATE;
  if (work->step == STEP_INITIALIZE && json_at(system->document, VM, "Devices", "Plan9", NULL) != NULL) return NOT_CONFIGURED;
  if (work->step == STEP_START && work->socket == NULL) return INVALID_ARGUMENT;
  system->migration = work->step + 1;
  if (work->step == STEP_START) notify_migration(system, "SetupDone", "Success");
  if (work->step == STEP_TRANSFER) notify_migration(system, "TransferInProgress", "Success");
  if (work->step == STEP_FINALIZE) {
    Json *asked = json_parse(work->argument);
    bool stops = strcmp(json_text(json_get(asked, "FinalizedOperation"), ""), "Stop") == 0;
    json_free(asked);
    system->migration = 0;
    notify_migration(system, "MigrationDone", "Success");
    if (stops) system_exit(system, "ForcedExit", S_OK_);
  }
  return S_OK_;
}

/* ---------------------------------------------------------------------------------------------------------------- dispatch */

HRESULT system_perform(Work *work, Buffer *document) {
  System *system = work->system;
  if (work->op == OP_ENUMERATE) return enumerate(work->argument, document);
  if (work->op == OP_CREATE) return create(system, document);
  HRESULT wrong = table[work->op][system->state];
  if (wrong != 0) return wrong;
  if (system->migration > 0 && work->op != OP_MIGRATE && work->op != OP_TERMINATE && work->op != OP_PROPERTIES)
    return INVALID_STATE;
  switch (work->op) {
    case OP_START: return start(system, document);
    case OP_SHUTDOWN: return shutdown(system, work->argument, document);
    case OP_TERMINATE: system_exit(system, "ForcedExit", S_OK_); return S_OK_;
    case OP_PAUSE: system->state = PAUSED; return S_OK_;
    case OP_RESUME: system->state = RUNNING; return S_OK_;
    case OP_SAVE: return save(system, work->argument, document);
    case OP_MODIFY: return modify(system, work->argument, document);
    case OP_PROPERTIES: return properties_of(system, work->argument, document);
    case OP_CRASH:
      system_announce(system, EVENT_CRASH_INITIATED, "{\"CrashLog\":\"asked for\"}");
      system_announce(system, EVENT_CRASH_REPORT, "{\"CrashLog\":\"asked for\"}");
      system_exit(system, "UnexpectedExit", UNEXPECTED_EXIT);
      return S_OK_;
    case OP_MIGRATE: return migrate(system, work);
    default: return NOT_IMPLEMENTED;
  }
}
