/* Modifications: the resource paths as a table, and their answers (docs/hcs.md#modify). */
#include "double.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ADD = 1, REMOVE = 2, UPDATE = 4, ANY = 7 };
enum { NEEDED, IGNORED_ON_REMOVE, NO_SETTINGS };

/** One resource path: %s any text, %d a number. `limit`: the first number that is out of range; 0: none. */
typedef struct {
  const char *path;
  int types;
  int settings;
  /** Device class under VirtualMachine/Devices that must be in the create document; NULL: none is needed. */
  const char *device;
  double limit;
} Row;

static const Row rows[] = {
    {"ComputeTopology/Memory/SizeInMB", ANY, NEEDED, NULL, 0},
    {"ComputeTopology/Processor/CpuGroup", ANY, NEEDED, NULL, 0},
    {"ComputeTopology/Processor/Limits", ANY, NEEDED, NULL, 0},
    {"ComputeTopology/Processor/CpuFrequencyPowerCap", ANY, NEEDED, NULL, 0},
    {"ComputeTopology/Processor/IdledProcessors", UPDATE, NEEDED, NULL, 0},
    {"ComputeTopology/Gpu", UPDATE, NEEDED, NULL, 0},
    {"Devices/Scsi/%s/Attachments/%d", ANY, IGNORED_ON_REMOVE, "Scsi", 64},
    {"Devices/VirtualPMem/Devices/%d", ADD | REMOVE, IGNORED_ON_REMOVE, "VirtualPMem", 0},
    {"Devices/VirtualPMem/Devices/%d/Mappings/%d", ADD | REMOVE, IGNORED_ON_REMOVE, "VirtualPMem", 0},
    {"Devices/VirtualSmb/Shares", ANY, NEEDED, "VirtualSmb", 0},
    {"Devices/Plan9/Shares", ANY, NEEDED, "Plan9", 0},
    {"Devices/NetworkAdapters/%s", ANY, IGNORED_ON_REMOVE, NULL, 0},
    {"Devices/VirtualPci/%s", ADD | REMOVE, IGNORED_ON_REMOVE, NULL, 0},
    {"Devices/MappedPipes/%s", ADD | REMOVE, NO_SETTINGS, NULL, 0},
    {"Devices/HvSocket/HvSocketConfig/ServiceTable/%s", UPDATE | REMOVE, IGNORED_ON_REMOVE, "HvSocket", 0},
    {"Devices/ComPorts/%d", ANY, IGNORED_ON_REMOVE, NULL, 2},
    {"Devices/FlexibleIov/%s", ADD, NEEDED, NULL, 0},
    {"Devices/SharedMemory/Regions", ANY, NEEDED, NULL, 0},
};

/* ------------------------------------------------------------------------------------------------------------------ entries */

Entry *entry_find(System *system, const char *key) {
  for (Entry *entry = system->entries; entry != NULL; entry = entry->next)
    if (strcmp(entry->key, key) == 0) return entry;
  return NULL;
}

Entry *entry_add(System *system, const char *key, const char *target, bool writable) {
  Entry *entry = calloc(1, sizeof *entry);
  entry->key = strdup(key);
  entry->target = strdup(target);
  entry->writable = writable;
  entry->next = system->entries;
  system->entries = entry;
  return entry;
}

static void entry_remove(System *system, const char *key) {
  for (Entry **at = &system->entries; *at != NULL; at = &(*at)->next) {
    Entry *entry = *at;
    if (strcmp(entry->key, key) != 0) continue;
    *at = entry->next;
    free(entry->key);
    free(entry->target);
    free(entry);
    return;
  }
}

void entries_free(System *system) {
  while (system->entries != NULL) entry_remove(system, system->entries->key);
}

/* -------------------------------------------------------------------------------------------------------------------- paths */

/** GUIDs in one form, any other identifier as it is. */
static void canonical(const char *text, char *result, size_t size) {
  char plain[64] = {0};
  size_t length = strlen(text);
  bool braced = length == 38 && text[0] == '{' && text[37] == '}';
  if (braced || length == 36) {
    memcpy(plain, text + braced, 36);
    bool guid = true;
    for (int i = 0; i < 36; i++) {
      bool dash = i == 8 || i == 13 || i == 18 || i == 23;
      guid = guid && (dash ? plain[i] == '-' : isxdigit((unsigned char)plain[i]) != 0);
      plain[i] = (char)tolower((unsigned char)plain[i]);
    }
    if (guid) {
      snprintf(result, size, "%s", plain);
      return;
    }
  }
  snprintf(result, size, "%s", text);
}

bool same_guid(const char *a, const char *b) {
  char first[512], second[512];
  canonical(a, first, sizeof first);
  canonical(b, second, sizeof second);
  return strcmp(first, second) == 0;
}

typedef struct {
  const Row *row;
  char text[512];
  double numbers[2];
  bool out_of_range;
} Target;

/** Matches a path against a row. %s at the end takes the rest, slashes included: host paths of pipes. */
static bool matches(const Row *row, const char *path, Target *target) {
  int number = 0;
  memset(target, 0, sizeof *target);
  for (const char *pattern = row->path; *pattern != 0;) {
    if (*pattern != '%') {
      if (*path++ != *pattern++) return false;
      continue;
    }
    bool digits = pattern[1] == 'd';
    pattern += 2;
    size_t length = *pattern == 0 && !digits ? strlen(path) : strcspn(path, "/");
    if (length == 0 || length >= sizeof target->text) return false;
    if (digits) {
      for (size_t i = 0; i < length; i++)
        if (!isdigit((unsigned char)path[i])) target->out_of_range = true;
      target->numbers[number++] = strtod(path, NULL);
      if (row->limit > 0 && target->numbers[number - 1] >= row->limit) target->out_of_range = true;
    } else {
      char raw[512];
      memcpy(raw, path, length);
      raw[length] = 0;
      canonical(raw, target->text, sizeof target->text);
    }
    path += length;
  }
  if (*path != 0) return false;
  target->row = row;
  return true;
}

static bool starts(const Target *target, const char *path) { return strncmp(target->row->path, path, strlen(path)) == 0; }

/* ---------------------------------------------------------------------------------------------------------------- processors */

static HRESULT change_topology(System *system, const Target *target, const Json *settings) {
  const char *path = target->row->path;
  double value = json_number(settings, -1);
  if (strstr(path, "SizeInMB") != NULL) {
    if (settings->kind != J_NUMBER) return INVALID_JSON;
    if (value <= 0 || (uint64_t)value % 2 != 0) return INVALID_ARGUMENT;
    system->memory_mb = (uint64_t)value;
  } else if (strstr(path, "CpuGroup") != NULL) {
    const char *id = json_text(json_get(settings, "Id"), NULL);
    if (id == NULL) return INVALID_JSON;
    bool none = same_guid(id, "00000000-0000-0000-0000-000000000000");
    if (!none && !cpu_group_exists(id)) return NOT_FOUND;
    if (!none && system->cpu_group != NULL && !same_guid(system->cpu_group, id)) return INVALID_ARGUMENT;
    free(system->cpu_group);
    system->cpu_group = none ? NULL : strdup(id);
  } else if (strstr(path, "Limits") != NULL) {
    double limit = json_number(json_get(settings, "Limit"), 1);
    double weight = json_number(json_get(settings, "Weight"), 100);
    double reservation = json_number(json_get(settings, "Reservation"), 0);
    if (limit < 0 || limit > 100000 || weight < 0 || weight > 10000 || reservation < 0 || reservation > 100000) return INVALID_ARGUMENT;
  } else if (strstr(path, "PowerCap") != NULL && settings->kind != J_NUMBER) return INVALID_JSON;
  return S_OK_;
}

/* ------------------------------------------------------------------------------------------------------------------- devices */

static HRESULT check_file(System *system, const char *path, bool writable, const char *except) {
  if (path_is_missing(path)) return FILE_NOT_FOUND;
  if (*path != 0 && writable)
    for (Entry *entry = system->entries; entry != NULL; entry = entry->next)
      if (entry->writable && strcmp(entry->target, path) == 0 && strcmp(entry->key, except) != 0) return SHARING;
  return S_OK_;
}

static HRESULT check_endpoint(System *self, const char *endpoint, const char *key) {
  const Json *endpoints = configured("endpoints");
  if (endpoints == NULL) return S_OK_;
  if (!json_includes(endpoints, endpoint)) return ENDPOINT_UNKNOWN;
  for (System *system = the_systems; system != NULL; system = system->next)
    for (Entry *entry = system->entries; entry != NULL; entry = entry->next) {
      bool own = system == self && strcmp(entry->key, key) == 0;
      if (!own && strncmp(entry->key, "nic ", 4) == 0 && strcmp(entry->target, endpoint) == 0) return ENDPOINT_ATTACHED;
    }
  return S_OK_;
}

static int count_entries(System *system, const char *kind) {
  int count = 0;
  for (Entry *entry = system->entries; entry != NULL; entry = entry->next) count += strncmp(entry->key, kind, strlen(kind)) == 0;
  return count;
}

/** Whether the device class is there, and in it the controller. */
static bool has_device(System *system, const Target *target) {
  if (target->row->device == NULL) return true;
  const Json *device = json_at(system->document, "VirtualMachine", "Devices", target->row->device, NULL);
  if (device == NULL || strcmp(target->row->device, "Scsi") != 0) return device != NULL;
  for (const Json *controller = device->first; controller != NULL; controller = controller->next)
    if (same_guid(controller->key, target->text)) return true;
  return false;
}

/** The key of the entry that a request is about; false: the settings that name it are missing. */
static bool key_of(const Target *target, const Json *settings, char *key, size_t size) {
  if (starts(target, "Devices/Scsi")) snprintf(key, size, "scsi %s %.0f", target->text, target->numbers[0]);
  else if (strstr(target->row->path, "Mappings") != NULL)
    snprintf(key, size, "vpmem %.0f %.0f", target->numbers[0], target->numbers[1]);
  else if (starts(target, "Devices/VirtualPMem")) snprintf(key, size, "vpmem %.0f 0", target->numbers[0]);
  else if (starts(target, "Devices/VirtualSmb")) {
    const char *name = json_text(json_get(settings, "Name"), NULL);
    if (name == NULL) return false;
    snprintf(key, size, "smb %s", name);
  } else if (starts(target, "Devices/Plan9")) {
    const char *name = json_text(json_get(settings, "AccessName"), NULL);
    if (name == NULL) return false;
    snprintf(key, size, "9p %s %.0f", name, json_number(json_get(settings, "Port"), 0));
  } else if (starts(target, "Devices/NetworkAdapters")) snprintf(key, size, "nic %s", target->text);
  else if (starts(target, "Devices/ComPorts")) snprintf(key, size, "com %.0f", target->numbers[0]);
  else snprintf(key, size, "%.40s %s", target->row->path, target->text);
  return true;
}

static HRESULT change_service(System *system, const char *key, int type, const Json *settings) {
  bool off = json_true(json_get(settings, "Disabled")) && *json_text(json_get(settings, "BindSecurityDescriptor"), "") == 0 &&
             *json_text(json_get(settings, "ConnectSecurityDescriptor"), "") == 0;
  bool exists = entry_find(system, key) != NULL;
  if (type == REMOVE || (exists && off)) entry_remove(system, key);
  else if (!exists) entry_add(system, key, "", false);
  return S_OK_;
}

static const char *target_of(const Json *settings) {
  static const char *const names[] = {"Path", "HostPath", "EndpointId"};
  for (int i = 0; i < 3; i++)
    if (json_get(settings, names[i]) != NULL) return json_text(json_get(settings, names[i]), "");
  return "";
}

static HRESULT change_device(System *system, const Target *target, int type, const Json *settings) {
  char key[1024];
  if (!has_device(system, target)) return NOT_FOUND;
  if (!key_of(target, settings, key, sizeof key)) return INVALID_JSON;
  if (starts(target, "Devices/HvSocket")) return change_service(system, key, type, settings);
  Entry *entry = entry_find(system, key);
  bool is_pmem = starts(target, "Devices/VirtualPMem");
  bool is_nic = starts(target, "Devices/NetworkAdapters");
  bool is_scsi = starts(target, "Devices/Scsi");
  if (is_pmem) {
    const Json *device = json_at(system->document, "VirtualMachine", "Devices", "VirtualPMem", NULL);
    if (target->numbers[0] >= json_number(json_get(device, "MaximumCount"), 0)) return INVALID_ARGUMENT;
    char base[64];
    snprintf(base, sizeof base, "vpmem %.0f 0", target->numbers[0]);
    if ((uint64_t)target->numbers[1] % 4096 != 0) return INVALID_ARGUMENT;
    if (target->numbers[1] > 0 && entry_find(system, base) == NULL) return NOT_FOUND;
  }
  if (type == ADD && entry != NULL) return ALREADY_EXISTS;
  if (type != ADD && entry == NULL) return NOT_FOUND;
  if (type == REMOVE) {
    entry_remove(system, key);
    return S_OK_;
  }
  if (starts(target, "Devices/VirtualSmb") && type == UPDATE) return entry->restricted ? S_OK_ : NOT_SUPPORTED;
  const char *file = target_of(settings);
  bool writable = is_scsi && !json_true(json_get(settings, "ReadOnly"));
  HRESULT result = is_nic ? check_endpoint(system, file, key) : check_file(system, file, writable, key);
  if (result != S_OK_) return result;
  if (is_nic && type == ADD && count_entries(system, "nic ") >= 8) return NOT_SUPPORTED;
  if (type == UPDATE) entry_remove(system, key);
  entry = entry_add(system, key, file, writable);
  entry->restricted = json_true(json_at(settings, "Options", "RestrictFileAccess", NULL));
  return S_OK_;
}

/* -------------------------------------------------------------------------------------------------------------- the request */

static HRESULT modify_request(System *system, const Json *request) {
  static const char prefix[] = "VirtualMachine/";
  if (request == NULL || request->kind != J_OBJECT) return INVALID_JSON;
  const char *path = json_text(json_get(request, "ResourcePath"), NULL);
  const Json *settings = json_get(request, "Settings");
  const Json *word = json_get(request, "RequestType");
  const char *type_name = json_text(word, "Update");
  int type = strcmp(type_name, "Add") == 0 ? ADD : strcmp(type_name, "Remove") == 0 ? REMOVE : strcmp(type_name, "Update") == 0 ? UPDATE : 0;
  if (path == NULL || type == 0 || (word != NULL && word->kind != J_STRING)) return INVALID_JSON;
  if (strncmp(path, prefix, strlen(prefix)) != 0) return INVALID_ARGUMENT;
  Target target;
  const Row *row = NULL;
  for (size_t i = 0; row == NULL && i < sizeof rows / sizeof *rows; i++)
    if (matches(&rows[i], path + strlen(prefix), &target)) row = &rows[i];
  if (row == NULL || target.out_of_range || !(row->types & type)) return INVALID_ARGUMENT;
  bool needs = row->settings == NEEDED || (row->settings == IGNORED_ON_REMOVE && type != REMOVE);
  if (needs && settings == NULL) return INVALID_JSON;
  if (row->settings == NO_SETTINGS && settings != NULL) return INVALID_ARGUMENT;
  if (system->state == STOPPED) return ALREADY_STOPPED;
  if (system->state != RUNNING) return INVALID_STATE;
  if (starts(&target, "ComputeTopology")) return change_topology(system, &target, settings);
  return change_device(system, &target, type, settings);
}

HRESULT modify(System *system, const char *text, Buffer *document) {
  Json *request = json_parse(text);
  HRESULT result = modify_request(system, request);
  if (result != S_OK_) result_error(document, result, "Modify", result == INVALID_JSON ? "$" : NULL, "");
  json_free(request);
  return result;
}

/* ------------------------------------------------------------------------------------------------------- the create document */

static HRESULT load(System *system, const char *path, const Json *settings, bool shares) {
  Target target;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (matches(&rows[i], path, &target)) {
      char key[1024];
      if (target.out_of_range) return INVALID_JSON;
      if (!key_of(&target, settings, key, sizeof key)) return INVALID_JSON;
      if (entry_find(system, key) != NULL) return INVALID_ARGUMENT;
      if (strncmp(key, "nic ", 4) == 0) {
        HRESULT result = check_endpoint(system, target_of(settings), key);
        if (result != S_OK_) return result;
      }
      bool writable = strncmp(key, "scsi ", 5) == 0 && !json_true(json_get(settings, "ReadOnly"));
      Entry *entry = entry_add(system, key, target_of(settings), writable);
      entry->restricted = shares && json_true(json_at(settings, "Options", "RestrictFileAccess", NULL));
      return S_OK_;
    }
  return S_OK_;
}

/** The devices that a VM has from the start. */
HRESULT load_devices(System *system) {
  const Json *devices = json_at(system->document, "VirtualMachine", "Devices", NULL);
  static const char *const lists[] = {"VirtualSmb", "Plan9"};
  static const char *const maps[] = {"NetworkAdapters", "VirtualPci", "ComPorts"};
  char path[1024];
  HRESULT result = S_OK_;
  const Json *scsi = json_get(devices, "Scsi");
  for (const Json *one = scsi == NULL ? NULL : scsi->first; one != NULL && result == S_OK_; one = one->next) {
    const Json *attachments = json_get(one, "Attachments");
    for (const Json *disk = attachments == NULL ? NULL : attachments->first; disk != NULL && result == S_OK_; disk = disk->next) {
      snprintf(path, sizeof path, "Devices/Scsi/%s/Attachments/%s", one->key, disk->key);
      result = load(system, path, disk, false);
    }
  }
  for (int i = 0; i < 2; i++) {
    const Json *shares = json_at(devices, lists[i], "Shares", NULL);
    for (const Json *share = shares == NULL ? NULL : shares->first; share != NULL && result == S_OK_; share = share->next) {
      snprintf(path, sizeof path, "Devices/%s/Shares", lists[i]);
      result = load(system, path, share, true);
    }
  }
  for (int i = 0; i < 3; i++) {
    const Json *map = json_get(devices, maps[i]);
    for (const Json *one = map == NULL ? NULL : map->first; one != NULL && result == S_OK_; one = one->next) {
      snprintf(path, sizeof path, "Devices/%s/%s", maps[i], one->key);
      result = load(system, path, one, false);
    }
  }
  const Json *pmem = json_at(devices, "VirtualPMem", "Devices", NULL);
  for (const Json *one = pmem == NULL ? NULL : pmem->first; one != NULL && result == S_OK_; one = one->next) {
    snprintf(path, sizeof path, "Devices/VirtualPMem/Devices/%s", one->key);
    result = load(system, path, one, false);
  }
  const Json *services = json_at(devices, "HvSocket", "HvSocketConfig", "ServiceTable", NULL);
  for (const Json *one = services == NULL ? NULL : services->first; one != NULL && result == S_OK_; one = one->next) {
    snprintf(path, sizeof path, "Devices/HvSocket/HvSocketConfig/ServiceTable/%s", one->key);
    result = load(system, path, one, false);
  }
  return result;
}
