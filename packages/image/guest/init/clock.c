// The clock after a restore: it stands where it stood at the save, and the real-time clock of the machine went on.
#include <fcntl.h>
#include <linux/rtc.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "init.h"

/** Sets the clock when it is more than two seconds away from the real-time clock, which counts whole seconds. */
void clock_from_rtc(void) {
  struct rtc_time read;
  int device = open("/dev/rtc0", O_RDONLY | O_CLOEXEC);
  if (device < 0) return;
  int failed = ioctl(device, RTC_RD_TIME, &read);
  close(device);
  if (failed) return;
  struct tm parts = {.tm_sec = read.tm_sec,
                     .tm_min = read.tm_min,
                     .tm_hour = read.tm_hour,
                     .tm_mday = read.tm_mday,
                     .tm_mon = read.tm_mon,
                     .tm_year = read.tm_year};
  time_t real = timegm(&parts);
  if (real == (time_t)-1 || labs((long)(real - time(NULL))) <= 2) return;
  struct timeval now = {.tv_sec = real};
  if (settimeofday(&now, NULL)) say("the clock: %m");
}
