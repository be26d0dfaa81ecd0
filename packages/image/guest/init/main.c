// The first process of a uvm-actors guest under QEMU: file systems, modules, the devices as the agent looks for them, entropy, then the
// agent for as long as the machine lives. Static, so that the initrd needs no library for it.
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "init.h"

static void loopback_up(void) {
  struct ifreq request = {.ifr_flags = IFF_UP | IFF_RUNNING};
  int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  strcpy(request.ifr_name, "lo");
  if (any < 0 || ioctl(any, SIOCSIFFLAGS, &request)) say("lo: %m");
  if (any >= 0) close(any);
}

int main(int argc, char **argv) {
  struct boot boot;
  mount_all();
  // The kernel gives no console when the initrd has no /dev/console.
  int console = open("/dev/console", O_RDWR);
  if (console < 0) console = open("/dev/null", O_RDWR);
  for (int at = 0; at < 3; at++) dup2(console, at);
  if (console > 2) close(console);
  boot_read(&boot, argc, argv);
  setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
  load_modules("/lib/modules/boot");
  loopback_up();
  devices_begin();
  if (boot.entropy_port) entropy_read(boot.entropy_port);
  agent_serve(&boot);
}
