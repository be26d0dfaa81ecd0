// The command line: what follows "--" is init's, in the words that LCOW guests are booted with:
//   -e <port> /bin/vsockexec [-r] -e <port> <agent> <argument>...        (entropy port; log port)
// or all of that in one quoted word after "sh -c", ended by "& exec sh", for a shell on the console.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "init.h"

static bool ends_with(const char *word, const char *end) {
  size_t length = strlen(word), tail = strlen(end);
  return length >= tail && !strcmp(word + length - tail, end);
}

static bool has_word(char **words, const char *word) {
  for (; *words; words++)
    if (!strcmp(*words, word)) return true;
  return false;
}

/** Takes the words apart; without an agent among them the image's own is started as LCOW starts it. */
static void take_apart(struct boot *boot, int count, char **words) {
  int at = 0, agent = 0;
  bool wrapped = false;
  for (; at < count; at++) {
    if (ends_with(words[at], "vsockexec")) {
      wrapped = true;
    } else if (!strcmp(words[at], "-e") || !strcmp(words[at], "-o")) {
      if (at + 1 == count) break;
      int port = atoi(words[++at]);
      if (wrapped) boot->log_port = port;
      else boot->entropy_port = port;
    } else if (words[at][0] == '/') {
      break;
    }
  }
  for (; at < count && agent < MAX_WORDS - 2 && strcmp(words[at], "&"); at++) boot->agent[agent++] = words[at];
  for (; at < count; at++)
    if (ends_with(words[at], "sh")) boot->console_shell = true;
  if (!agent) {
    static char *usual[] = {"/bin/gcs", "-v4", "-log-format", "json", "-loglevel", "info", NULL};
    for (; usual[agent]; agent++) boot->agent[agent] = usual[agent];
    boot->log_port = 109;
  }
  boot->agent[agent] = NULL;
  // The agent would start chronyd on Hyper-V's own clock device, which is not here, and end when it cannot.
  if (!has_word(boot->agent, "-disable-time-sync")) {
    boot->agent[agent] = "-disable-time-sync";
    boot->agent[agent + 1] = NULL;
  }
}

void boot_read(struct boot *boot, int argc, char **argv) {
  memset(boot, 0, sizeof *boot);
  if (argc > 3 && ends_with(argv[1], "sh") && !strcmp(argv[2], "-c")) {
    static char line[2048];
    char *words[MAX_WORDS];
    int count = 0;
    snprintf(line, sizeof line, "%s", argv[3]);
    for (char *word = strtok(line, " "); word && count < MAX_WORDS; word = strtok(NULL, " ")) words[count++] = word;
    take_apart(boot, count, words);
    return;
  }
  take_apart(boot, argc - 1, argv + 1);
}

/** The value of `name=value` before "--" on the kernel's command line; false when it is not there. */
bool cmdline_value(const char *name, char *value, size_t size) {
  char line[4096];
  size_t length = strlen(name);
  if (!read_file("/proc/cmdline", line, sizeof line)) return false;
  for (char *word = strtok(line, " "); word && strcmp(word, "--"); word = strtok(NULL, " ")) {
    if (strncmp(word, name, length) || word[length] != '=') continue;
    snprintf(value, size, "%s", word + length + 1);
    return true;
  }
  return false;
}
