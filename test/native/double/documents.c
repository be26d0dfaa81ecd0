/* What systems and the service tell about themselves: properties, enumeration, CPU groups, errors (docs/hcs.md#properties-and-enumeration, docs/hcs.md#hresults-and-errors). */
#include "double.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------------------------- errors */

/** Inside documents the code has its older form, as on real hosts. */
void result_error(Buffer *document, HRESULT code, const char *step, const char *path, const char *problem) {
  uint32_t inner = (uint32_t)code >> 16 == 0x8037 ? (uint32_t)code | 0x40000000u : (uint32_t)code;
  put(document, "{\"Error\":%d,\"ErrorMessage\":", (int)(int32_t)inner);
  put_string(document, problem);
  if (path != NULL) {
    Buffer message = {0};
    put(&message, "Invalid JSON document '%s'", path);
    put(document, ",\"ErrorEvents\":[{\"Message\":");
    put_string(document, message.text);
    put(document, ",\"Provider\":\"17103e3f-3c6e-4677-bb17-3b267eb5be57\",\"EventId\":11000,\"Flags\":0,\"Source\":\"HCS\",\"Data\":[{\"Type\":\"String\",\"Value\":");
    put_string(document, path);
    put(document, "}]}]");
    free(message.text);
  }
  if (step != NULL) put(document, ",\"Attribution\":[{\"OperationFailure\":{\"Detail\":\"%s\"}}]", step);
  put(document, "}");
}

/* --------------------------------------------------------------------------------------------------------------- properties */

void basic_properties(System *system, Buffer *document) {
  static const char *const names[STATES] = {NULL, "Running", "Paused", "SavedAsTemplate", "Stopped"};
  const char *owner = json_text(json_get(system->document, "Owner"), NULL);
  put(document, "\"Id\":");
  put_string(document, system->id);
  put(document, ",\"SystemType\":\"VirtualMachine\"");
  if (owner != NULL) {
    put(document, ",\"Owner\":");
    put_string(document, owner);
  }
  put(document, ",\"RuntimeId\":\"%s\"", system->runtime_id);
  if (names[system->state] != NULL) put(document, ",\"State\":\"%s\"", names[system->state]);
  if (system->state == STOPPED) put(document, ",\"Stopped\":true,\"ExitType\":\"%s\"", system->exit_type);
}

static void put_memory(System *system, Buffer *document) {
  unsigned long long pages = system->started == 0 ? 0 : system->memory_mb * 256;
  put(document,
      ",\"Memory\":{\"VirtualNodeCount\":1,\"VirtualMachineMemory\":{\"AvailableMemory\":70,\"AvailableMemoryBuffer\":20,"
      "\"ReservedMemory\":0,\"AssignedMemory\":%llu,\"SlpActive\":false,\"BalancingEnabled\":false,\"DmOperationInProgress\":false},"
      "\"VirtualNodes\":[{\"VirtualNodeIndex\":0,\"PhysicalNodeNumber\":0,\"VirtualProcessorCount\":1,\"MemoryUsageInPages\":%llu}]}",
      pages, pages);
}

static void put_statistics(System *system, Buffer *document) {
  unsigned long long uptime = system->started == 0 ? 0 : now_100ns() - system->started;
  put(document,
      ",\"Statistics\":{\"Timestamp\":\"2026-03-01T10:00:05.1234567Z\",\"ContainerStartTime\":\"2026-03-01T10:00:00Z\","
      "\"Uptime100ns\":%llu,\"Processor\":{\"TotalRuntime100ns\":%llu,\"RuntimeUser100ns\":%llu,\"RuntimeKernel100ns\":0},"
      "\"Memory\":{\"MemoryUsageCommitBytes\":0,\"MemoryUsageCommitPeakBytes\":0,\"MemoryUsagePrivateWorkingSetBytes\":0},"
      "\"Storage\":{\"ReadCountNormalized\":10,\"ReadSizeBytes\":40960,\"WriteCountNormalized\":2,\"WriteSizeBytes\":8192}}",
      uptime, uptime, uptime);
}

static const char *const types[] = {
    "Memory", "Statistics", "ProcessList", "TerminateOnLastHandleClosed", "GuestConnection", "SharedMemoryRegion",
    "GuestMemory", "ICHeartbeatStatus", "SystemGUID", "MappedVirtualDisk",
};
static const char *const queries[] = {"CompatibilityInfo", "VmVersion", "VmProcessorRequirements", "Basic"};

static bool is_one_of(const char *word, const char *const *words, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(word, words[i]) == 0) return true;
  return false;
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

HRESULT properties_of(System *system, const char *text, Buffer *document) {
  Json *query = text == NULL ? NULL : json_parse(text);
  const Json *asked = json_get(query, "PropertyTypes");
  const Json *more = json_get(query, "Queries");
  bool valid = text == NULL || (query != NULL && query->kind == J_OBJECT);
  for (const Json *type = asked == NULL ? NULL : asked->first; valid && type != NULL; type = type->next)
    valid = type->kind == J_STRING && is_one_of(type->text, types, COUNT(types));
  for (const Json *one = more == NULL ? NULL : more->first; valid && one != NULL; one = one->next)
    valid = is_one_of(one->key, queries, COUNT(queries));
  if (!valid) {
    result_error(document, INVALID_JSON, "GetProperties", "$.PropertyTypes", "unknown property");
    json_free(query);
    return INVALID_JSON;
  }
  put(document, "{");
  basic_properties(system, document);
  bool alive = system->state != STOPPED;
  if (alive && json_includes(asked, "Memory")) put_memory(system, document);
  if (alive && json_includes(asked, "Statistics")) put_statistics(system, document);
  if (alive && json_includes(asked, "TerminateOnLastHandleClosed"))
    put(document, ",\"TerminateOnLastHandleClosed\":%s",
        json_true(json_get(system->document, "ShouldTerminateOnLastHandleClosed")) ? "true" : "false");
  if (alive && more != NULL && more->first != NULL) {
    put(document, ",\"PropertyResponses\":{");
    for (const Json *one = more->first; one != NULL; one = one->next)
      put(document, "%s\"%s\":{\"Response\":{\"Data\":\"AQIDBA==\"}}", one == more->first ? "" : ",", one->key);
    put(document, "}");
  }
  put(document, "}");
  json_free(query);
  return S_OK_;
}

HRESULT enumerate(const char *text, Buffer *document) {
  Json *query = text == NULL ? NULL : json_parse(text);
  if (text != NULL && (query == NULL || query->kind != J_OBJECT)) {
    result_error(document, INVALID_JSON, NULL, "$", "the query is no object");
    json_free(query);
    return INVALID_JSON;
  }
  put(document, "[");
  bool first = true;
  for (System *system = the_systems; system != NULL; system = system->next) {
    const Json *ids = json_get(query, "Ids"), *kinds = json_get(query, "Types");
    const Json *owners = json_get(query, "Owners"), *names = json_get(query, "Names");
    const char *owner = json_text(json_get(system->document, "Owner"), "");
    bool listed = (ids == NULL || json_includes(ids, system->id)) && (kinds == NULL || json_includes(kinds, "VirtualMachine")) &&
                  (owners == NULL || json_includes(owners, owner)) && (names == NULL || json_includes(names, system->id));
    if (!listed) continue;
    put(document, first ? "{" : ",{");
    basic_properties(system, document);
    put(document, "}");
    first = false;
  }
  put(document, "]");
  json_free(query);
  return S_OK_;
}

/* --------------------------------------------------------------------------------------------------------------- the service */

typedef struct Group {
  char *id;
  struct Group *next;
} Group;
static Group *groups;

static Group **find_group(const char *id) {
  Group **at = &groups;
  while (*at != NULL && !same_guid((*at)->id, id)) at = &(*at)->next;
  return at;
}

bool cpu_group_exists(const char *id) { return *find_group(id) != NULL; }

static void drop_group(Group **at) {
  Group *group = *at;
  *at = group->next;
  free(group->id);
  free(group);
}

void cpu_groups_forget(void) {
  while (groups != NULL) drop_group(&groups);
}

static void service_entry(const char *type, Buffer *document) {
  if (strcmp(type, "Basic") == 0) put(document, "{\"SupportedSchemaVersions\":[{\"Major\":2,\"Minor\":7}]}");
  else if (strcmp(type, "ProcessorTopology") == 0)
    put(document, "{\"LogicalProcessorCount\":2,\"LogicalProcessors\":[{\"LpIndex\":0,\"NodeNumber\":0,\"PackageId\":0,\"CoreId\":0,\"RootVpIndex\":0},"
                  "{\"LpIndex\":1,\"NodeNumber\":0,\"PackageId\":0,\"CoreId\":1,\"RootVpIndex\":1}]}");
  else if (strcmp(type, "CpuGroup") == 0) {
    put(document, "{\"CpuGroups\":[");
    for (Group *group = groups; group != NULL; group = group->next) put(document, "%s{\"GroupId\":\"%s\"}", group == groups ? "" : ",", group->id);
    put(document, "]}");
  } else put(document, "{}");
}

HRESULT service_properties(const char *text, Buffer *document) {
  Json *query = text == NULL ? NULL : json_parse(text);
  if (text != NULL && (query == NULL || query->kind != J_OBJECT)) {
    result_error(document, INVALID_JSON, NULL, "$", "the query is no object");
    json_free(query);
    return INVALID_JSON;
  }
  const Json *asked = json_get(query, "PropertyTypes");
  put(document, "{\"Properties\":[");
  for (const Json *type = asked == NULL ? NULL : asked->first; type != NULL; type = type->next) {
    if (type != asked->first) put(document, ",");
    service_entry(json_text(type, ""), document);
  }
  put(document, "]}");
  json_free(query);
  return S_OK_;
}

HRESULT modify_service(const char *text, Buffer *document) {
  Json *request = json_parse(text);
  const Json *settings = json_get(request, "Settings");
  const char *operation = json_text(json_get(settings, "Operation"), "");
  const char *id = json_text(json_at(settings, "OperationDetails", "GroupId", NULL), NULL);
  HRESULT result = S_OK_;
  if (strcmp(json_text(json_get(request, "PropertyType"), ""), "CpuGroup") != 0 || id == NULL) result = INVALID_JSON;
  else if (strcmp(operation, "CreateGroup") == 0) {
    if (cpu_group_exists(id)) result = ALREADY_EXISTS;
    else {
      Group *group = calloc(1, sizeof *group);
      group->id = strdup(id);
      group->next = groups;
      groups = group;
    }
  } else if (!cpu_group_exists(id)) result = NOT_FOUND;
  else if (strcmp(operation, "DeleteGroup") == 0) drop_group(find_group(id));
  else if (strcmp(operation, "SetProperty") != 0) result = INVALID_JSON;
  if (result != S_OK_) result_error(document, result, NULL, NULL, "service settings");
  json_free(request);
  return result;
}

/* ----------------------------------------------------------------------------------------------------------- the runtime id */

static uint32_t rotate(uint32_t value, int bits) { return value << bits | value >> (32 - bits); }

/** SHA-1 of a text of at most a few kilobytes. */
static void sha1(const uint8_t *text, size_t length, uint8_t digest[20]) {
  uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
  size_t total = (length + 9 + 63) / 64 * 64;
  uint8_t *data = calloc(1, total);
  memcpy(data, text, length);
  data[length] = 0x80;
  for (int i = 0; i < 8; i++) data[total - 1 - i] = (uint8_t)((uint64_t)length * 8 >> (8 * i));
  for (size_t block = 0; block < total; block += 64) {
    uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    for (int i = 0; i < 16; i++) {
      const uint8_t *at = data + block + i * 4;
      w[i] = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    }
    for (int i = 16; i < 80; i++) w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    for (int i = 0; i < 80; i++) {
      uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 ? b ^ c ^ d : i < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
      uint32_t k = i < 20 ? 0x5A827999 : i < 40 ? 0x6ED9EBA1 : i < 60 ? 0x8F1BBCDC : 0xCA62C1D6;
      uint32_t next = rotate(a, 5) + f + e + k + w[i];
      e = d;
      d = c;
      c = rotate(b, 30);
      b = a;
      a = next;
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
  }
  for (int i = 0; i < 20; i++) digest[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
  free(data);
}

/** 5.2: a GUID is its own runtime id; any other id is hashed, in upper case. */
void runtime_id_of(PCWSTR id, char *runtime_id) {
  static const uint8_t space[16] = {0xca, 0xb7, 0x03, 0x44, 0xfa, 0xcb, 0x41, 0xe4, 0xb5, 0xe5, 0xab, 0x65, 0x92, 0x28, 0x3e, 0x6e};
  size_t length = 0;
  bool guid = true;
  for (; id[length] != 0; length++) {
    bool dash = length == 8 || length == 13 || length == 18 || length == 23;
    uint16_t c = (uint16_t)id[length] | 0x20;
    bool hex = (id[length] >= '0' && id[length] <= '9') || (c >= 'a' && c <= 'f');
    guid = guid && (dash ? id[length] == '-' : hex);
  }
  if (guid && length == 36) {
    for (int i = 0; i <= 36; i++) runtime_id[i] = (char)(id[i] >= 'A' && id[i] <= 'F' ? id[i] | 0x20 : id[i]);
    return;
  }
  uint8_t *text = malloc(16 + length * 2);
  memcpy(text, space, 16);
  for (size_t i = 0; i < length; i++) {
    uint16_t c = (uint16_t)id[i];
    if ((c >= 'a' && c <= 'z') || (c >= 0xE0 && c <= 0xFE && c != 0xF7)) c = (uint16_t)(c - 0x20);
    text[16 + 2 * i] = (uint8_t)c;
    text[17 + 2 * i] = (uint8_t)(c >> 8);
  }
  uint8_t d[20];
  sha1(text, 16 + length * 2, d);
  free(text);
  d[6] = (uint8_t)((d[6] & 0x0F) | 0x50);
  d[8] = (uint8_t)((d[8] & 0x3F) | 0x80);
  snprintf(runtime_id, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", d[0], d[1], d[2], d[3], d[4],
           d[5], d[6], d[7], d[8], d[9], d[10], d[11], d[12], d[13], d[14], d[15]);
}
