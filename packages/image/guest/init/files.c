// Small files and one line to the console.
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init.h"

/** One line on the console: it is what a host sees of an init that cannot go on. */
void say(const char *format, ...) {
  char line[512];
  va_list values;
  va_start(values, format);
  int length = vsnprintf(line, sizeof line, format, values);
  va_end(values);
  if (length < 0) return;
  dprintf(STDERR_FILENO, "uvm-init: %s\n", line);
}

/** The file's first bytes as text, without the line's end; false when it cannot be read. */
bool read_file(const char *path, char *text, size_t size) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  ssize_t length = read(file, text, size - 1);
  close(file);
  if (length < 0) return false;
  while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\0')) length--;
  text[length] = '\0';
  return true;
}

bool write_file(const char *path, const char *text) {
  int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  ssize_t length = write(file, text, strlen(text));
  close(file);
  return length == (ssize_t)strlen(text);
}

void make_directories(const char *path) {
  char part[512];
  snprintf(part, sizeof part, "%s", path);
  for (char *at = part + 1; *at; at++) {
    if (*at != '/') continue;
    *at = '\0';
    mkdir(part, 0755);
    *at = '/';
  }
  if (mkdir(part, 0755) && errno != EEXIST) say("mkdir %s: %m", part);
}
