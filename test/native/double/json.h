/* JSON for the double: a tree, read from text and never changed, and a growing buffer to write documents with.
 * Text inside the double is UTF-8 in which an unpaired surrogate keeps its own three bytes, so that any UTF-16 survives the way. */
#ifndef DOUBLE_JSON_H
#define DOUBLE_JSON_H

#include "compat.h"

typedef enum { J_NULL, J_FALSE, J_TRUE, J_NUMBER, J_STRING, J_ARRAY, J_OBJECT } JsonKind;

typedef struct Json {
  JsonKind kind;
  char *key;
  char *text; /* of a string: its characters; of a number: its digits */
  double number;
  struct Json *first;
  struct Json *next;
} Json;

/** NULL for text that is no JSON. */
Json *json_parse(const char *text);
void json_free(Json *json);
/** The member of an object; NULL when there is none, or it is null. */
const Json *json_get(const Json *json, const char *key);
/** Follows a path of members, ended by NULL. */
const Json *json_at(const Json *json, ...);
const char *json_text(const Json *json, const char *otherwise);
double json_number(const Json *json, double otherwise);
bool json_true(const Json *json);
/** An array of strings that contains this one. */
bool json_includes(const Json *array, const char *text);

typedef struct {
  char *text;
  size_t length;
  size_t size;
} Buffer;

void put(Buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void put_string(Buffer *buffer, const char *text);

char *utf8_of(PCWSTR text);
/** A fresh NUL-terminated string; length without the NUL. */
WCHAR *utf16_of(const char *text, size_t *length);

#endif
