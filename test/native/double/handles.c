/* Handles on systems: the event callback of each, events in causal order, and the close that drains (docs/hcs.md#the-exit-and-close). */
#include "double.h"

#include <stdlib.h>

Handle *the_handles;

static int gate_waiters;
static bool gate_closed;

Handle *handle_new(System *system) {
  Handle *handle = calloc(1, sizeof *handle);
  handle->system = system;
  if (system != NULL) {
    system->references++;
    system->handles++;
  }
  handle->next = the_handles;
  the_handles = handle;
  the_counters.handles++;
  return handle;
}

/** The open handle; NULL, counted, for anything else. */
Handle *handle_check(void *pointer) {
  for (Handle *handle = the_handles; handle != NULL; handle = handle->next)
    if (handle == pointer && !handle->closing) return handle;
  the_counters.bad_handles++;
  return NULL;
}

HRESULT handle_register(Handle *handle, uint32_t options, void *context, HCS_EVENT_CALLBACK callback) {
  if (handle->callback != NULL) return CALLBACK_SET;
  handle->callback = callback;
  handle->context = context;
  handle->options = options;
  return S_OK_;
}

static void deliver(void *argument) {
  Handle *handle = argument;
  mutex_lock(&the_lock);
  gate_waiters++;
  condition_broadcast(&the_change);
  while (gate_closed) condition_wait(&the_change, &the_lock);
  gate_waiters--;
  while (handle->events != NULL && !handle->closing) {
    Event *event = handle->events;
    handle->events = event->next;
    HCS_EVENT told = {(HCS_EVENT_TYPE)event->type, event->data, NULL};
    the_counters.callbacks++;
    mutex_unlock(&the_lock);
    handle->callback(&told, handle->context);
    mutex_lock(&the_lock);
    free(event->data);
    free(event);
  }
  handle->delivering = false;
  condition_broadcast(&the_change);
  mutex_unlock(&the_lock);
}

void handle_announce(Handle *handle, uint32_t type, const char *data) {
  if (handle->callback == NULL || handle->closing) return;
  if (type == EVENT_MIGRATION && !(handle->options & OPTION_MIGRATION)) return;
  Event *event = calloc(1, sizeof *event);
  event->type = type;
  event->data = data == NULL ? NULL : utf16_of(data, NULL);
  Event **end = &handle->events;
  while (*end != NULL) end = &(*end)->next;
  *end = event;
  if (handle->delivering) return;
  handle->delivering = start_thread(deliver, handle);
}

void system_announce(System *system, uint32_t type, const char *data) {
  for (Handle *handle = the_handles; handle != NULL; handle = handle->next)
    if (handle->system == system) handle_announce(handle, type, data);
}

/** Holds back every event from here on, so that all come at one instant. */
void gate_close(void) { gate_closed = true; }

/** Lets go what the gate held back, once every thread stands at it. */
void gate_open(void) {
  for (;;) {
    int expected = 0;
    for (Handle *handle = the_handles; handle != NULL; handle = handle->next) expected += handle->delivering;
    if (gate_waiters >= expected) break;
    condition_wait(&the_change, &the_lock);
  }
  gate_closed = false;
  condition_broadcast(&the_change);
}

/** Unregisters, waits for the callback that runs, delivers nothing more. */
void handle_close(Handle *handle) {
  handle->closing = true;
  while (handle->delivering) condition_wait(&the_change, &the_lock);
  for (Handle **at = &the_handles; *at != NULL; at = &(*at)->next)
    if (*at == handle) {
      *at = handle->next;
      break;
    }
  while (handle->events != NULL) {
    Event *event = handle->events;
    handle->events = event->next;
    free(event->data);
    free(event);
  }
  the_counters.handles--;
  System *system = handle->system;
  if (system != NULL) {
    if (--system->handles == 0 && system->in_table && json_true(json_get(system->document, "ShouldTerminateOnLastHandleClosed")))
      system_exit(system, "ForcedExit", S_OK_);
    system_release(system);
  }
  free(handle);
}
