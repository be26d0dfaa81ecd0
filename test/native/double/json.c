#include "json.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -------------------------------------------------------------------------------------------------------------------- text */

void put(Buffer *buffer, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int needed = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (buffer->length + (size_t)needed + 1 > buffer->size) {
    buffer->size = (buffer->length + (size_t)needed + 1) * 2;
    buffer->text = realloc(buffer->text, buffer->size);
  }
  va_start(arguments, format);
  vsnprintf(buffer->text + buffer->length, (size_t)needed + 1, format, arguments);
  va_end(arguments);
  buffer->length += (size_t)needed;
}

void put_string(Buffer *buffer, const char *text) {
  put(buffer, "\"");
  for (const unsigned char *at = (const unsigned char *)text; *at != 0; at++) {
    if (*at == '"' || *at == '\\') put(buffer, "\\%c", *at);
    else if (*at < 0x20) put(buffer, "\\u%04x", *at);
    else put(buffer, "%c", *at);
  }
  put(buffer, "\"");
}

static char *put_code(char *at, uint32_t code) {
  if (code < 0x80) *at++ = (char)code;
  else if (code < 0x800) {
    *at++ = (char)(0xC0 | code >> 6);
    *at++ = (char)(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    *at++ = (char)(0xE0 | code >> 12);
    *at++ = (char)(0x80 | (code >> 6 & 0x3F));
    *at++ = (char)(0x80 | (code & 0x3F));
  } else {
    *at++ = (char)(0xF0 | code >> 18);
    *at++ = (char)(0x80 | (code >> 12 & 0x3F));
    *at++ = (char)(0x80 | (code >> 6 & 0x3F));
    *at++ = (char)(0x80 | (code & 0x3F));
  }
  return at;
}

static bool is_pair(uint32_t high, uint32_t low) {
  return high >= 0xD800 && high < 0xDC00 && low >= 0xDC00 && low < 0xE000;
}

char *utf8_of(PCWSTR text) {
  if (text == NULL) return NULL;
  size_t length = 0;
  while (text[length] != 0) length++;
  char *result = malloc(length * 3 + 1);
  char *at = result;
  for (size_t i = 0; i < length; i++) {
    uint32_t code = (uint16_t)text[i];
    if (is_pair(code, (uint16_t)text[i + 1])) {
      code = 0x10000 + ((code - 0xD800) << 10) + ((uint16_t)text[i + 1] - 0xDC00);
      i++;
    }
    at = put_code(at, code);
  }
  *at = 0;
  return result;
}

WCHAR *utf16_of(const char *text, size_t *length) {
  WCHAR *result = malloc((strlen(text) + 1) * sizeof(WCHAR));
  size_t count = 0;
  for (const unsigned char *at = (const unsigned char *)text; *at != 0;) {
    uint32_t code = *at++;
    int more = code >= 0xF0 ? 3 : code >= 0xE0 ? 2 : code >= 0xC0 ? 1 : 0;
    if (more > 0) code &= 0x3Fu >> more;
    for (; more > 0 && *at != 0; more--) code = code << 6 | (*at++ & 0x3F);
    if (code >= 0x10000) {
      result[count++] = (WCHAR)(0xD800 + ((code - 0x10000) >> 10));
      code = 0xDC00 + ((code - 0x10000) & 0x3FF);
    }
    result[count++] = (WCHAR)code;
  }
  result[count] = 0;
  if (length != NULL) *length = count;
  return result;
}

/* ----------------------------------------------------------------------------------------------------------------- reading */

typedef struct {
  const char *at;
  int depth;
} Reader;

static Json *read_value(Reader *reader);

static void skip_space(Reader *reader) {
  while (*reader->at == ' ' || *reader->at == '\t' || *reader->at == '\n' || *reader->at == '\r') reader->at++;
}

static Json *fresh(JsonKind kind) {
  Json *json = calloc(1, sizeof *json);
  json->kind = kind;
  return json;
}

static int hex4(const char *at) {
  int value = 0;
  for (int i = 0; i < 4; i++) {
    if (!isxdigit((unsigned char)at[i])) return -1;
    value = value * 16 + (isdigit((unsigned char)at[i]) ? at[i] - '0' : (at[i] | 0x20) - 'a' + 10);
  }
  return value;
}

static char *read_string(Reader *reader) {
  if (*reader->at != '"') return NULL;
  const char *from = ++reader->at;
  char *result = malloc(strlen(from) + 1);
  char *to = result;
  for (;;) {
    unsigned char c = (unsigned char)*reader->at;
    if (c < 0x20) break;
    reader->at++;
    if (c == '"') {
      *to = 0;
      return result;
    }
    if (c != '\\') {
      *to++ = (char)c;
      continue;
    }
    c = (unsigned char)*reader->at++;
    const char *plain = strchr("\"\"\\\\//b\bf\fn\nr\rt\t", c);
    if (c == 'u') {
      int code = hex4(reader->at);
      if (code <= 0) break;
      reader->at += 4;
      int low = reader->at[0] == '\\' && reader->at[1] == 'u' ? hex4(reader->at + 2) : -1;
      if (low >= 0 && is_pair((uint32_t)code, (uint32_t)low)) {
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        reader->at += 6;
      }
      to = put_code(to, (uint32_t)code);
    } else if (c != 0 && plain != NULL) *to++ = plain[1];
    else break;
  }
  free(result);
  return NULL;
}

static Json *read_items(Reader *reader, bool object) {
  Json *json = fresh(object ? J_OBJECT : J_ARRAY);
  Json **end = &json->first;
  reader->at++;
  skip_space(reader);
  if (*reader->at == (object ? '}' : ']')) {
    reader->at++;
    return json;
  }
  for (;;) {
    char *key = NULL;
    skip_space(reader);
    if (object) {
      key = read_string(reader);
      skip_space(reader);
      if (key == NULL || *reader->at++ != ':') {
        free(key);
        break;
      }
    }
    Json *item = read_value(reader);
    if (item == NULL) {
      free(key);
      break;
    }
    item->key = key;
    *end = item;
    end = &item->next;
    skip_space(reader);
    char c = *reader->at++;
    if (c == ',') continue;
    if (c == (object ? '}' : ']')) return json;
    break;
  }
  json_free(json);
  return NULL;
}

static Json *read_value(Reader *reader) {
  skip_space(reader);
  const char *at = reader->at;
  if (*at == '{' || *at == '[') {
    if (++reader->depth > 128) return NULL;
    Json *json = read_items(reader, *at == '{');
    reader->depth--;
    return json;
  }
  if (*at == '"') {
    char *text = read_string(reader);
    if (text == NULL) return NULL;
    Json *json = fresh(J_STRING);
    json->text = text;
    return json;
  }
  static const struct {
    const char *word;
    JsonKind kind;
  } words[] = {{"null", J_NULL}, {"false", J_FALSE}, {"true", J_TRUE}};
  for (int i = 0; i < 3; i++) {
    size_t length = strlen(words[i].word);
    if (strncmp(at, words[i].word, length) != 0) continue;
    reader->at += length;
    return fresh(words[i].kind);
  }
  if (*at != '-' && !isdigit((unsigned char)*at)) return NULL;
  char *end;
  double number = strtod(at, &end);
  Json *json = fresh(J_NUMBER);
  json->number = number;
  json->text = calloc(1, (size_t)(end - at) + 1);
  memcpy(json->text, at, (size_t)(end - at));
  reader->at = end;
  return json;
}

Json *json_parse(const char *text) {
  if (text == NULL) return NULL;
  Reader reader = {text, 0};
  Json *json = read_value(&reader);
  skip_space(&reader);
  if (json != NULL && *reader.at != 0) {
    json_free(json);
    return NULL;
  }
  return json;
}

void json_free(Json *json) {
  while (json != NULL) {
    Json *next = json->next;
    json_free(json->first);
    free(json->key);
    free(json->text);
    free(json);
    json = next;
  }
}

const Json *json_get(const Json *json, const char *key) {
  if (json == NULL || json->kind != J_OBJECT) return NULL;
  for (const Json *item = json->first; item != NULL; item = item->next)
    if (strcmp(item->key, key) == 0) return item->kind == J_NULL ? NULL : item;
  return NULL;
}

const Json *json_at(const Json *json, ...) {
  va_list keys;
  va_start(keys, json);
  for (const char *key; json != NULL && (key = va_arg(keys, const char *)) != NULL;) json = json_get(json, key);
  va_end(keys);
  return json;
}

const char *json_text(const Json *json, const char *otherwise) {
  return json != NULL && json->kind == J_STRING ? json->text : otherwise;
}

double json_number(const Json *json, double otherwise) {
  return json != NULL && json->kind == J_NUMBER ? json->number : otherwise;
}

bool json_true(const Json *json) { return json != NULL && json->kind == J_TRUE; }

bool json_includes(const Json *array, const char *text) {
  if (array == NULL || array->kind != J_ARRAY) return false;
  for (const Json *item = array->first; item != NULL; item = item->next)
    if (item->kind == J_STRING && strcmp(item->text, text) == 0) return true;
  return false;
}
