// Streams to the host, and the entropy that it gives at boot.
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "init.h"

/** A stream to the host's port; -1 when nobody answers in the time. */
int vsock_dial(int port, int timeout_ms) {
  struct sockaddr_vm address = {.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_HOST, .svm_port = (unsigned)port};
  int stream = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (stream < 0) return -1;
  int error = 0;
  if (connect(stream, (struct sockaddr *)&address, sizeof address)) {
    error = errno;
    if (error == EINPROGRESS) {
      struct pollfd ready = {.fd = stream, .events = POLLOUT};
      socklen_t size = sizeof error;
      if (poll(&ready, 1, timeout_ms) != 1) error = ETIMEDOUT;
      else if (getsockopt(stream, SOL_SOCKET, SO_ERROR, &error, &size)) error = errno;
    }
  }
  if (error) {
    close(stream);
    errno = error;
    return -1;
  }
  fcntl(stream, F_SETFL, fcntl(stream, F_GETFL) & ~O_NONBLOCK);
  return stream;
}

/** Reads the host's random bytes to their end and credits them to the kernel's pool. */
void entropy_read(int port) {
  struct {
    struct rand_pool_info info;
    unsigned char bytes[4096];
  } pool;
  size_t have = 0;
  int stream = vsock_dial(port, 2000);
  if (stream < 0) {
    say("no entropy from port %d: %m", port);
    return;
  }
  for (;;) {
    struct pollfd ready = {.fd = stream, .events = POLLIN};
    if (have == sizeof pool.bytes || poll(&ready, 1, 2000) != 1) break;
    ssize_t length = read(stream, pool.bytes + have, sizeof pool.bytes - have);
    if (length <= 0) break;
    have += (size_t)length;
  }
  close(stream);
  int device = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
  pool.info.entropy_count = (int)have * 8;
  pool.info.buf_size = (int)have;
  if (device < 0 || (have && ioctl(device, RNDADDENTROPY, &pool))) say("entropy: %m");
  if (device >= 0) close(device);
  explicit_bzero(&pool, sizeof pool);
}
