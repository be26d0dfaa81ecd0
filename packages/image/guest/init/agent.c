// The agent's life. It is started again when it ends badly, as it does when the host's end of its connection goes; when it ends well it
// was asked to, and the machine is powered off. All that is left without a parent is reaped here.
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "init.h"

/** From one start of the agent to the next at least so long; doubled each time that it lives no longer than that. */
#define RESTART_MS 200
#define RESTART_MOST_MS 1600
#define LOG_PIPE_BYTES (1024 * 1024)

static char *environment[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "TERM=linux", NULL};

static long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static pid_t start(char **words, int log, bool console) {
  pid_t child = fork();
  if (child != 0) return child;
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  setsid();
  if (console) {
    int terminal = open("/dev/console", O_RDWR);
    if (terminal >= 0) {
      ioctl(terminal, TIOCSCTTY, 1);
      for (int at = 0; at < 3; at++) dup2(terminal, at);
    }
  } else {
    int none_in = open("/dev/null", O_RDWR);
    dup2(none_in, STDIN_FILENO);
    if (log >= 0) {
      dup2(log, STDOUT_FILENO);
      dup2(log, STDERR_FILENO);
    }
  }
  execve(words[0], words, environment);
  say("%s: %m", words[0]);
  _exit(127);
}

static int events_open(void) {
  struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1};
  int size = 1024 * 1024;
  int events = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
  if (events >= 0 && bind(events, (struct sockaddr *)&address, sizeof address)) say("kernel events: %m");
  if (events >= 0) setsockopt(events, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  return events;
}

/** Takes all events; true when the device of the host's streams has come (again). */
static bool events_take(int events) {
  char event[8192];
  bool changed = false, streams = false;
  for (;;) {
    ssize_t length = recv(events, event, sizeof event - 1, 0);
    if (length < 0 && errno == ENOBUFS) {
      changed = true;
      continue;
    }
    if (length <= 0) break;
    event[length] = '\0';
    if (devices_changed(event, (size_t)length)) changed = true;
    if (devices_streams_came(event, (size_t)length)) streams = true;
  }
  if (changed) devices_follow();
  return streams;
}

static void power_off(void) {
  sync();
  reboot(RB_POWER_OFF);
}

void agent_serve(struct boot *boot) {
  char *shell[] = {"/bin/sh", NULL};
  int log[2] = {-1, -1};
  pid_t agent = 0, relay = 0, terminal = 0;
  long started = 0, restart = RESTART_MS;
  sigset_t ended;
  sigemptyset(&ended);
  sigaddset(&ended, SIGCHLD);
  sigprocmask(SIG_BLOCK, &ended, NULL);
  int signals = signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK);
  int events = events_open();
  // What came before the socket was bound made no event for it.
  devices_follow();

  if (access(boot->agent[0], X_OK)) {
    say("no agent: %s: %m", boot->agent[0]);
    power_off();
  }
  if (boot->log_port && !pipe2(log, O_CLOEXEC)) fcntl(log[1], F_SETPIPE_SZ, LOG_PIPE_BYTES);

  for (;;) {
    if (!relay && boot->log_port) relay = log_relay_start(log[0], boot->log_port);
    if (!terminal && boot->console_shell) terminal = start(shell, -1, true);
    long wait = -1;
    if (!agent) {
      wait = started ? started + restart - now_ms() : 0;
      if (wait <= 0) {
        agent = start(boot->agent, log[1], false);
        started = now_ms();
        wait = -1;
      }
    }
    struct pollfd ready[] = {{.fd = signals, .events = POLLIN}, {.fd = events, .events = POLLIN}};
    poll(ready, 2, (int)wait);
    struct signalfd_siginfo info;
    while (read(signals, &info, sizeof info) > 0) continue;
    if (ready[1].revents && events_take(events)) {
      clock_from_rtc();
      restart = 0;
    }
    int status;
    for (pid_t child; (child = waitpid(-1, &status, WNOHANG)) > 0;) {
      if (child == relay) relay = 0;
      if (child == terminal) terminal = 0;
      if (child != agent) continue;
      agent = 0;
      restart = now_ms() - started > RESTART_MOST_MS ? RESTART_MS : restart * 2;
      if (restart < RESTART_MS) restart = RESTART_MS;
      if (restart > RESTART_MOST_MS) restart = RESTART_MOST_MS;
      if (WIFEXITED(status) && WEXITSTATUS(status) == 0) power_off();
      if (WIFSIGNALED(status)) say("%s: signal %d", boot->agent[0], WTERMSIG(status));
      else say("%s: exit code %d", boot->agent[0], WEXITSTATUS(status));
    }
  }
}
