/* A double of computecore.dll: the compute service of docs/hcs.md inside this process, with threads and callbacks of its own. It counts
 * every handle, operation and document that it gives out, and misbehaves on request (control.c). */
#ifndef DOUBLE_H
#define DOUBLE_H

#include "compat.h"
#include "json.h"

#define S_OK_ 0
#define CODE(value) ((HRESULT)(uint32_t)(value##u))
#define INVALID_STATE CODE(0x80370105)
#define UNEXPECTED_EXIT CODE(0x80370106)
#define INVALID_JSON CODE(0x8037010D)
#define SYSTEM_NOT_FOUND CODE(0x8037010E)
#define SYSTEM_EXISTS CODE(0x8037010F)
#define ALREADY_STOPPED CODE(0x80370110)
#define SERVICE_NOT_AVAILABLE CODE(0x80370114)
#define NOT_STARTED CODE(0x80370115)
#define ALREADY_STARTED CODE(0x80370116)
#define PENDING CODE(0x80370117)
#define OPERATION_TIMEOUT CODE(0x80370118)
#define CALLBACK_SET CODE(0x80370119)
#define NO_RIGHTS CODE(0x8037011B)
#define DISCONNECTED CODE(0x8037011E)
#define NOT_CONFIGURED CODE(0x80370120)
#define NOT_IMPLEMENTED CODE(0x80004001)
#define FILE_NOT_FOUND CODE(0x80070002)
#define INVALID_HANDLE CODE(0x80070006)
#define OUT_OF_MEMORY CODE(0x8007000E)
#define NOT_SUPPORTED CODE(0x80070032)
#define SHARING CODE(0x80070020)
#define INVALID_ARGUMENT CODE(0x80070057)
#define ALREADY_EXISTS CODE(0x800700B7)
#define NOT_FOUND CODE(0x80070490)
#define NO_HOST_MEMORY CODE(0x800705AF)
#define BAD_TOPOLOGY CODE(0x80041008)
#define ENDPOINT_UNKNOWN CODE(0x803B0002)
#define ENDPOINT_ATTACHED CODE(0x803B0014)

enum { EVENT_EXITED = 1, EVENT_CRASH_INITIATED = 2, EVENT_CRASH_REPORT = 3, EVENT_DISCONNECT = 0x02000000 };
#define EVENT_MIGRATION 0x80000003u
#define OPTION_MIGRATION 4u

typedef enum { CREATED, RUNNING, PAUSED, SAVED_AS_TEMPLATE, STOPPED, STATES } State;

typedef enum {
  OP_ENUMERATE, OP_CREATE, OP_START, OP_SHUTDOWN, OP_PAUSE, OP_RESUME, OP_SAVE, OP_TERMINATE, OP_MODIFY, OP_PROPERTIES,
  OP_CRASH, OP_MIGRATE, OP_OPEN, OP_CLOSE, OPS
} Op;

/** A device, share, service entry or the like that a running VM has now. */
typedef struct Entry {
  char *key;
  /** The file behind it, its endpoint, or ''. */
  char *target;
  bool writable;
  /** A VSMB share with RestrictFileAccess. */
  bool restricted;
  struct Entry *next;
} Entry;

typedef struct System {
  char *id;
  char runtime_id[37];
  Json *document;
  State state;
  bool in_table;
  int references;
  int handles;
  Entry *entries;
  uint64_t memory_mb;
  char *cpu_group;
  uint64_t started;
  /** How far a live migration is: 0 none, then one for each step. */
  int migration;
  const char *exit_type;
  struct System *next;
} System;

typedef struct Event {
  uint32_t type;
  WCHAR *data;
  struct Event *next;
} Event;

typedef struct Handle {
  System *system;
  HCS_EVENT_CALLBACK callback;
  void *context;
  uint32_t options;
  Event *events;
  bool delivering;
  bool closing;
  bool disconnected;
  struct Handle *next;
} Handle;

typedef struct Operation {
  uint64_t number;
  HCS_OPERATION_COMPLETION callback;
  void *context;
  enum { OPERATION_CREATED, OPERATION_ACTIVE, OPERATION_COMPLETE } state;
  int type;
  HRESULT result;
  char *document;
  HANDLE socket;
  bool closed;
  /** A thread of ours still uses it. */
  int users;
  struct Operation *next;
} Operation;

/** What was decided for one call by the configured faults. */
typedef struct {
  uint32_t delay_ms, call_ms;
  HRESULT fail, refuse, accept;
  bool never, inside, twice, hold, after_exit, crash, disconnect, has_document;
  char *document;
  const char *exit_type;
} Plan;

/** One accepted call on its way. */
typedef struct Work {
  Op op;
  Operation *operation;
  Handle *handle;
  System *system;
  char *argument;
  int step;
  HANDLE socket;
  Plan plan;
  struct Work *next;
} Work;

/* One lock for everything; it is not held while a callback runs. */
extern Mutex the_lock;
extern Condition the_change;

/* systems.c */
extern System *the_systems;
System *system_find(const char *id);
System *system_new(const char *id, Json *document);
void system_release(System *system);
/** Ends a VM: its id is free before anybody hears of it. */
void system_exit(System *system, const char *exit_type, HRESULT status);
void systems_forget(void);
HRESULT system_perform(Work *work, Buffer *document);
bool path_is_missing(const char *path);

/* handles.c */
extern Handle *the_handles;
Handle *handle_new(System *system);
Handle *handle_check(void *handle);
HRESULT handle_register(Handle *handle, uint32_t options, void *context, HCS_EVENT_CALLBACK callback);
void handle_close(Handle *handle);
/** Queues an event on every handle of a system that listens for it. */
void system_announce(System *system, uint32_t type, const char *data);
void handle_announce(Handle *handle, uint32_t type, const char *data);
void gate_close(void);
void gate_open(void);

/* operations.c */
Operation *operation_new(void *context, HCS_OPERATION_COMPLETION callback);
Operation *operation_check(void *operation);
void operation_close(Operation *operation);
HRESULT operation_begin(Work *work);
HRESULT operation_result(Operation *operation, PWSTR *document);
int operations_release_held(void);
WCHAR *document_out(const char *text);

/* documents.c: what is asked of and told about systems and the service */
HRESULT properties_of(System *system, const char *query, Buffer *document);
void basic_properties(System *system, Buffer *document);
HRESULT enumerate(const char *query, Buffer *document);
HRESULT service_properties(const char *query, Buffer *document);
HRESULT modify_service(const char *settings, Buffer *document);
bool cpu_group_exists(const char *id);
void cpu_groups_forget(void);
void result_error(Buffer *document, HRESULT code, const char *step, const char *path, const char *problem);
void runtime_id_of(PCWSTR id, char *runtime_id);

/* modify.c */
HRESULT modify(System *system, const char *request, Buffer *document);
HRESULT load_devices(System *system);
bool same_guid(const char *a, const char *b);
Entry *entry_find(System *system, const char *key);
Entry *entry_add(System *system, const char *key, const char *target, bool writable);
void entries_free(System *system);

/* control.c */
typedef struct {
  int64_t handles, operations, documents, bad_frees, bad_handles, callbacks, calls, held;
} Counters;
extern Counters the_counters;
Plan plan_call(Op op, const char *id, const char *path);
void record_call(const char *function, const char *id, PCWSTR argument, bool has_argument);
const Json *configured(const char *key);

#endif
