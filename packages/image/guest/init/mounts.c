// The file systems of the guest. Control groups are of version 1 (all controllers, each its own mount) unless the command line asks
// for uvm.cgroup=v2: the agent that is built with the image knows only the first.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init.h"

static void place(const char *what, const char *where, const char *type, unsigned long flags, const char *data) {
  make_directories(where);
  if (mount(what, where, type, flags, data) && errno != EBUSY) say("mount %s on %s: %m", type, where);
}

static void cgroup_v1(void) {
  char table[4096];
  place("tmpfs", "/sys/fs/cgroup", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755");
  if (!read_file("/proc/cgroups", table, sizeof table)) return;
  // Each line: name, hierarchy, number of groups, enabled. The first is the heading.
  for (char *line = strchr(table, '\n'); line; line = strchr(line, '\n')) {
    char name[64], path[128];
    int hierarchy, groups, enabled;
    line++;
    if (sscanf(line, "%63s %d %d %d", name, &hierarchy, &groups, &enabled) != 4 || !enabled) continue;
    snprintf(path, sizeof path, "/sys/fs/cgroup/%s", name);
    place("cgroup", path, "cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, name);
  }
  write_file("/sys/fs/cgroup/memory/memory.use_hierarchy", "1");
}

static void cgroup_v2(void) {
  char names[512], change[600] = "";
  place("cgroup2", "/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  if (!read_file("/sys/fs/cgroup/cgroup.controllers", names, sizeof names)) return;
  for (char *name = strtok(names, " "); name; name = strtok(NULL, " ")) {
    strcat(change, *change ? " +" : "+");
    strcat(change, name);
  }
  if (!write_file("/sys/fs/cgroup/cgroup.subtree_control", change)) say("cgroup controllers: %m");
}

void mount_all(void) {
  // Others than root pass through the root directory: users inside of containers do.
  chmod("/", 0755);
  place("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, NULL);
  place("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  place("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  place("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755");
  place("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
  place("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
  place("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "mode=620,ptmxmode=666,gid=5");
  make_directories("/var");
  if (symlink("/run", "/var/run") && errno != EEXIST) say("/var/run: %m");
  symlink("/proc/self/fd", "/dev/fd");
  symlink("/proc/self/fd/0", "/dev/stdin");
  symlink("/proc/self/fd/1", "/dev/stdout");
  symlink("/proc/self/fd/2", "/dev/stderr");

  char version[8] = "v1";
  cmdline_value("uvm.cgroup", version, sizeof version);
  if (!strcmp(version, "v2")) cgroup_v2();
  else cgroup_v1();
}
