// The devices as the agent looks for them. It was written for Hyper-V: a SCSI controller is /sys/bus/vmbus/devices/<guid>/host<N>, a
// network adapter /sys/bus/vmbus/devices/<guid>/net/<interface>. Here they are virtio devices, so /sys/bus becomes a directory of our
// own in which the kernel's buses are links and `vmbus` is made and kept up by this file:
//   - the n-th virtio-scsi controller in the order of the host numbers has the n-th GUID of uvm.scsi=<guid>,... or of LCOW's fixed four;
//   - a network adapter has the GUID of the virtio serial port named "nic <guid> <mac>" with its address.
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init.h"

/** The kernel's own view, of which nothing is hidden. */
#define REAL "/run/uvm/sys"
#define VMBUS "/sys/bus/vmbus/devices"
#define MAX_NICS 32

static char scsi_guids[256] =
    "df6d0690-79e5-55b6-a5ec-c1e2f77f580a,0110f83b-de10-5172-a266-78bca56bf50a,"
    "b5d2d8d4-3a75-51bf-945b-3444dc6b8579,305891a9-b251-5dfe-91a2-c25d9212275b";

struct nic {
  char guid[40], mac[24];
};

/** Calls `each` with every name in a directory; `.` and `..` are left out. */
static void for_each(const char *path, void (*each)(const char *name)) {
  DIR *directory = opendir(path);
  if (!directory) return;
  for (struct dirent *entry; (entry = readdir(directory));)
    if (entry->d_name[0] != '.') each(entry->d_name);
  closedir(directory);
}

static void link_bus(const char *name) {
  char target[320], path[320];
  snprintf(target, sizeof target, REAL "/bus/%s", name);
  snprintf(path, sizeof path, "/sys/bus/%s", name);
  symlink(target, path);
}

static int by_number(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

static void scan_controllers(void) {
  int hosts[16], count = 0;
  DIR *directory = opendir("/sys/class/scsi_host");
  if (!directory) return;
  for (struct dirent *entry; count < 16 && (entry = readdir(directory));) {
    char path[320], driver[32];
    if (sscanf(entry->d_name, "host%d", &hosts[count]) != 1) continue;
    snprintf(path, sizeof path, "/sys/class/scsi_host/%s/proc_name", entry->d_name);
    if (read_file(path, driver, sizeof driver) && !strcmp(driver, "virtio_scsi")) count++;
  }
  closedir(directory);
  qsort(hosts, (size_t)count, sizeof *hosts, by_number);
  char guids[sizeof scsi_guids];
  memcpy(guids, scsi_guids, sizeof guids);
  char *guid = strtok(guids, ",");
  for (int at = 0; at < count && guid; at++, guid = strtok(NULL, ",")) {
    char path[320];
    snprintf(path, sizeof path, VMBUS "/%s/host%d", guid, hosts[at]);
    make_directories(path);
  }
}

static struct nic nics[MAX_NICS];
static int nic_count;

static void read_port(const char *port) {
  char path[320], name[128];
  if (nic_count == MAX_NICS) return;
  struct nic *nic = &nics[nic_count];
  snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", port);
  if (!read_file(path, name, sizeof name) || sscanf(name, "nic %39s %23s", nic->guid, nic->mac) != 2) return;
  if (strchr(nic->guid, '/')) return;
  for (char *at = nic->guid; *at; at++) *at = (char)tolower(*at);
  for (char *at = nic->mac; *at; at++) *at = (char)tolower(*at);
  nic_count++;
}

/** Whether the interface is there, in this name space, and has that address. */
static bool interface_is(const char *interface, const char *mac) {
  char path[320], address[64];
  snprintf(path, sizeof path, "/sys/class/net/%s/address", interface);
  return read_file(path, address, sizeof address) && !strcmp(address, mac);
}

static void match_interface(const char *interface) {
  for (int at = 0; at < nic_count; at++) {
    char path[320];
    if (!interface_is(interface, nics[at].mac)) continue;
    snprintf(path, sizeof path, VMBUS "/%s/net/%s", nics[at].guid, interface);
    make_directories(path);
  }
}

/** Takes away what is no more: an adapter that was removed, or that a container has taken into its own name space. */
static void prune(const char *guid) {
  char net[320];
  const char *mac = NULL;
  snprintf(net, sizeof net, VMBUS "/%s/net", guid);
  DIR *directory = opendir(net);
  if (!directory) return;
  for (int at = 0; at < nic_count; at++)
    if (!strcmp(nics[at].guid, guid)) mac = nics[at].mac;
  for (struct dirent *entry; (entry = readdir(directory));) {
    char path[640];
    if (entry->d_name[0] == '.' || (mac && interface_is(entry->d_name, mac))) continue;
    snprintf(path, sizeof path, "%s/%s", net, entry->d_name);
    rmdir(path);
  }
  closedir(directory);
  // Goes only when it is empty: the agent waits for a directory, then for the interface in it.
  if (!rmdir(net)) {
    net[strlen(net) - strlen("/net")] = '\0';
    rmdir(net);
  }
}

static void bring_online(const char *name) {
  char path[320], state[8];
  if (strncmp(name, "cpu", 3) || !isdigit((unsigned char)name[3])) return;
  snprintf(path, sizeof path, "/sys/devices/system/cpu/%s/online", name);
  if (read_file(path, state, sizeof state) && !strcmp(state, "0")) write_file(path, "1");
}

/** Puts the agent's view up: once, after the modules were loaded. */
void devices_begin(void) {
  make_directories(REAL);
  if (mount("sysfs", REAL, "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL)) say("mount " REAL ": %m");
  if (mount("tmpfs", "/sys/bus", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755")) say("mount /sys/bus: %m");
  make_directories(VMBUS);
  cmdline_value("uvm.scsi", scsi_guids, sizeof scsi_guids);
  write_file("/sys/devices/system/memory/auto_online_blocks", "online");
  devices_follow();
}

/** Brings the agent's view up to what the kernel has now. */
void devices_follow(void) {
  for_each(REAL "/bus", link_bus);
  scan_controllers();
  nic_count = 0;
  for_each("/sys/class/virtio-ports", read_port);
  for_each(VMBUS, prune);
  for_each("/sys/class/net", match_interface);
}

/** The value of a line `key=value` of a kernel event, whose lines are ended by zeros. */
static const char *event_value(const char *event, size_t length, const char *key) {
  size_t size = strlen(key);
  for (const char *at = event; at < event + length; at += strlen(at) + 1)
    if (!strncmp(at, key, size) && at[size] == '=') return at + size + 1;
  return NULL;
}

/** Whether the event is that of the device of the host's streams coming: after a restore it is plugged again. */
bool devices_streams_came(const char *event, size_t length) {
  const char *action = event_value(event, length, "ACTION");
  const char *alias = event_value(event, length, "MODALIAS");
  return action && alias && !strcmp(action, "add") && !strncmp(alias, "virtio:d00000013", 16);
}

/** Acts on a kernel event; true when the agent's view has to follow. */
bool devices_changed(const char *event, size_t length) {
  const char *action = event_value(event, length, "ACTION");
  const char *subsystem = event_value(event, length, "SUBSYSTEM");
  const char *alias = event_value(event, length, "MODALIAS");
  const char *path = event_value(event, length, "DEVPATH");
  if (!action || !subsystem) return false;
  bool added = !strcmp(action, "add");
  if (added && alias) load_alias(alias);
  if (added && !strcmp(subsystem, "cpu") && path) {
    const char *name = strrchr(path, '/');
    if (name) bring_online(name + 1);
  }
  return !strcmp(subsystem, "net") || !strcmp(subsystem, "virtio-ports") || !strcmp(subsystem, "scsi_host") ||
         !strcmp(subsystem, "module");
}
