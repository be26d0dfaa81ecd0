// The agent's log: a process that reads the agent's standard error and hands it to the host. It dials again when the host's end goes, and
// drops what nobody takes: the agent must never wait for its log, nor die of it.
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "init.h"

/** How long the log is held for a host that does not listen. */
#define PATIENCE_MS 2000

static bool write_all(int stream, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = write(stream, bytes, length);
    if (written <= 0) return false;
    bytes += written;
    length -= (size_t)written;
  }
  return true;
}

static void relay(int from, int port) {
  static char bytes[65536];
  int stream = -1;
  for (;;) {
    ssize_t length = read(from, bytes, sizeof bytes);
    if (length <= 0) return;
    if (stream >= 0) {
      // The host says nothing on this stream: readable means that it has gone.
      struct pollfd gone = {.fd = stream, .events = POLLIN};
      if (poll(&gone, 1, 0) == 1) {
        close(stream);
        stream = -1;
      }
    }
    for (int tries = 0; tries < 2; tries++) {
      if (stream < 0) stream = vsock_dial(port, PATIENCE_MS);
      if (stream < 0 || write_all(stream, bytes, (size_t)length)) break;
      close(stream);
      stream = -1;
    }
  }
}

/** Starts the relay from a pipe to a port of the host. */
pid_t log_relay_start(int from, int port) {
  pid_t child = fork();
  if (child != 0) return child;
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_IGN);
  relay(from, port);
  _exit(0);
}
