// The guest that benchmarks talk to: dials a Unix socket, answers every request with success, and gathers the answers to all it has read
// in one write. A process that it is asked to execute sends as many bytes as its arguments say, or takes what it is given, on sockets
// that it dials; one without streams has ended at once.
//
// Usage: peer SOCKET, where the name ends in _PORT; streams are dialled at the same name with their own port.

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { HEADER = 16, MOST_PROCESSES = 1 << 20, STREAM_BYTES = 64 * 1024 };
enum { EXECUTE = 0x10100501, WAIT = 0x10100601, NEGOTIATE = 0x10100b01 };

#define ACTIVITY "\"ActivityId\":\"00000000-0000-0000-0000-000000000000\""
#define SUCCESS "{\"Result\":0," ACTIVITY "}"

static const char *const NEGOTIATED =
    "{\"Result\":0," ACTIVITY ",\"Version\":4,\"Capabilities\":{\"SupportedSchemaVersions\":[{\"Major\":2,\"Minor\":1}],"
    "\"RuntimeOsType\":\"linux\",\"GuestDefinedCapabilities\":{\"SignalProcessSupported\":true}}}";

static int bridge;
static char prefix[108];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Per process: streams that are open, the wait that came before it ended. */
static struct process {
  int open;
  uint32_t wait_type;
  uint64_t wait_id;
} processes[MOST_PROCESSES];
static uint32_t last_pid;

static char *out;
static size_t out_fill, out_room;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int dial(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  for (int attempt = 0; attempt < 30000; attempt++) {
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) fail("socket");
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    close(fd);
    usleep(1000);
  }
  fail("connect");
  return -1;
}

static void write_all(int fd, const char *bytes, size_t size) {
  while (size > 0) {
    ssize_t written = write(fd, bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) exit(0);
    bytes += written;
    size -= (size_t)written;
  }
}

/* With the lock held. */
static void answer(uint32_t type, uint64_t id, const char *body) {
  size_t length = strlen(body);
  uint32_t size = (uint32_t)(HEADER + length);
  if (out_fill + size > out_room) {
    out_room = (out_fill + size) * 2;
    out = realloc(out, out_room);
    if (out == NULL) fail("realloc");
  }
  type = (type & 0x0fffffff) | 0x20000000;
  memcpy(out + out_fill, &type, 4);
  memcpy(out + out_fill + 4, &size, 4);
  memcpy(out + out_fill + 8, &id, 8);
  memcpy(out + out_fill + HEADER, body, length);
  out_fill += size;
}

/* With the lock held. */
static void flush(void) {
  write_all(bridge, out, out_fill);
  out_fill = 0;
}

struct stream {
  int fd;
  uint32_t pid;
  long long bytes;
  int is_source;
};

static void ended(uint32_t pid) {
  pthread_mutex_lock(&lock);
  struct process *process = &processes[pid];
  if (--process->open == 0 && process->wait_type != 0) {
    answer(process->wait_type, process->wait_id, "{\"Result\":0," ACTIVITY ",\"ExitCode\":0}");
    flush();
  }
  pthread_mutex_unlock(&lock);
}

static void *run_stream(void *argument) {
  struct stream *stream = argument;
  char *block = malloc(STREAM_BYTES);
  if (block == NULL) fail("malloc");
  memset(block, 'x', STREAM_BYTES);
  if (stream->is_source) {
    while (stream->bytes > 0) {
      size_t size = stream->bytes < STREAM_BYTES ? (size_t)stream->bytes : STREAM_BYTES;
      ssize_t sent = send(stream->fd, block, size, MSG_NOSIGNAL);
      if (sent <= 0) break;
      stream->bytes -= sent;
    }
  } else {
    while (read(stream->fd, block, STREAM_BYTES) > 0) continue;
  }
  close(stream->fd);
  free(block);
  ended(stream->pid);
  free(stream);
  return NULL;
}

static int port_of(const char *text, const char *name) {
  const char *relay = strstr(text, "\"VsockStdioRelaySettings\":");
  const char *found = relay == NULL ? NULL : strstr(relay, name);
  return found == NULL ? 0 : atoi(found + strlen(name));
}

static void start_stream(uint32_t pid, int port, long long bytes, int is_source) {
  char path[128];
  struct stream *stream = malloc(sizeof *stream);
  if (stream == NULL) fail("malloc");
  snprintf(path, sizeof path, "%s%d", prefix, port);
  *stream = (struct stream){dial(path), pid, bytes, is_source};
  pthread_t thread;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  if (pthread_create(&thread, &attributes, run_stream, stream) != 0) fail("pthread_create");
  pthread_attr_destroy(&attributes);
}

/* Without the lock: its streams may end before it is answered. */
static uint32_t execute(const char *text) {
  uint32_t pid = ++last_pid % MOST_PROCESSES;
  int ports[2] = {port_of(text, "\"StdIn\":"), port_of(text, "\"StdOut\":")};
  const char *bytes = strstr(text, "bytes=");
  pthread_mutex_lock(&lock);
  processes[pid] = (struct process){.open = (ports[0] != 0) + (ports[1] != 0)};
  pthread_mutex_unlock(&lock);
  if (ports[0] != 0) start_stream(pid, ports[0], 0, 0);
  if (ports[1] != 0) start_stream(pid, ports[1], bytes == NULL ? 0 : atoll(bytes + 6), 1);
  return pid;
}

static void serve(uint32_t type, uint64_t id, const char *text) {
  char body[160];
  uint32_t pid = type == EXECUTE ? execute(text) : 0;
  pthread_mutex_lock(&lock);
  if (type == NEGOTIATE) {
    answer(type, id, NEGOTIATED);
  } else if (type == EXECUTE) {
    snprintf(body, sizeof body, "{\"Result\":0," ACTIVITY ",\"ProcessId\":%u}", pid);
    answer(type, id, body);
  } else if (type == WAIT) {
    const char *found = strstr(text, "\"ProcessId\":");
    struct process *process = &processes[found == NULL ? 0 : (uint32_t)atoll(found + 12) % MOST_PROCESSES];
    if (process->open > 0) {
      process->wait_type = type;
      process->wait_id = id;
    } else {
      answer(type, id, "{\"Result\":0," ACTIVITY ",\"ExitCode\":0}");
    }
  } else {
    answer(type, id, SUCCESS);
  }
  pthread_mutex_unlock(&lock);
}

int main(int count, char **arguments) {
  if (count != 2) return 2;
  char *port = strrchr(arguments[1], '_');
  if (port != NULL) snprintf(prefix, sizeof prefix, "%.*s", (int)(port - arguments[1] + 1), arguments[1]);
  bridge = dial(arguments[1]);
  size_t room = 1 << 20, fill = 0;
  char *in = malloc(room + 1);
  if (in == NULL) fail("malloc");
  for (;;) {
    ssize_t got = read(bridge, in + fill, room - fill);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return 0;
    fill += (size_t)got;
    size_t at = 0;
    while (fill - at >= HEADER) {
      uint32_t type, size;
      uint64_t id;
      memcpy(&type, in + at, 4);
      memcpy(&size, in + at + 4, 4);
      memcpy(&id, in + at + 8, 8);
      if (size < HEADER || size > room) return 1;
      if (fill - at < size) break;
      /* The texts end where the next frame begins. */
      char next = in[at + size];
      in[at + size] = 0;
      serve(type, id, in + at + HEADER);
      in[at + size] = next;
      at += size;
    }
    memmove(in, in + at, fill - at);
    fill -= at;
    pthread_mutex_lock(&lock);
    flush();
    pthread_mutex_unlock(&lock);
  }
}
