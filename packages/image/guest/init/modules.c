// Kernel modules: those that every boot needs, from an ordered list of the image, without a process of their own; the others by modprobe,
// which the kernel also calls by itself (file systems, device-mapper targets).
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init.h"

/** Loads the modules of a list: one path a line, each after those that it needs. */
void load_modules(const char *list) {
  char path[512];
  FILE *lines = fopen(list, "re");
  if (!lines) {
    say("%s: %m", list);
    return;
  }
  while (fscanf(lines, "%511s", path) == 1) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    // ENODEV: what the module drives is not here (pvpanic, a crypto instruction).
    if (file < 0 || (syscall(SYS_finit_module, file, "", 0) && errno != EEXIST && errno != ENODEV)) say("%s: %m", path);
    if (file >= 0) close(file);
  }
  fclose(lines);
}

/** Loads what drives a device of this alias. Nothing is said when the image has no such module: it is trimmed. */
void load_alias(const char *alias) {
  pid_t child = fork();
  if (child == 0) {
    int none = open("/dev/null", O_RDWR);
    dup2(none, STDERR_FILENO);
    execl("/sbin/modprobe", "modprobe", "-q", alias, (char *)NULL);
    _exit(127);
  }
  if (child > 0) waitpid(child, NULL, 0);
}
