/*
 * containerd-shim-uvm-v1: what containerd runs to reach the daemon of its pods. It runs once for each pod, so it is small and
 * quick: no interpreter, no library besides the system's.
 *
 *   start    finds the daemon or starts it, writes the file `address`, prints the address
 *   delete   what is left of a task whose daemon or connection is gone: mounts; prints a DeleteResponse
 *   -info    prints a RuntimeInfo
 *
 * Everything it prints on either stream is taken for the answer, so a failure is one line and an exit code of 1, and the daemon
 * has neither stream.
 *
 * Environment: UVM_CONTAINERD, the daemon's program (default uvm-containerd, found on the path); UVM_CONTAINERD_DIRECTORY, below
 * which the daemons' sockets lie (default /run/uvm-containerd); UVM_CONTAINERD_PROVIDER, what runs the utility VMs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define NAME "io.containerd.uvm.v1"
#define KILLED 137
/* How long `delete` waits for the daemon to give a task up; containerd gives it five seconds. */
#define GIVE_UP_S 3

struct request {
	const char *namespace;
	const char *address;
	const char *id;
	const char *bundle;
	const char *verb;
	int info;
};

static void fail(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("containerd-shim-uvm-v1: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(1);
}

/* Flags have one dash or two, and their value behind them or behind an equals sign, as Go reads them. */
static struct request read_arguments(int count, char **arguments)
{
	struct request request = { .namespace = "", .address = "", .id = "", .bundle = "" };
	for (int at = 1; at < count; at++) {
		char *argument = arguments[at];
		if (argument[0] != '-') {
			request.verb = argument;
			continue;
		}
		char *name = argument + (argument[1] == '-' ? 2 : 1);
		if (strcmp(name, "debug") == 0 || strncmp(name, "debug=", 6) == 0)
			continue;
		if (strcmp(name, "info") == 0) {
			request.info = 1;
			continue;
		}
		char *value = strchr(name, '=');
		if (value != NULL)
			*value++ = 0;
		else if (++at < count)
			value = arguments[at];
		else
			fail("the flag -%s has no value", name);
		if (strcmp(name, "namespace") == 0)
			request.namespace = value;
		else if (strcmp(name, "address") == 0)
			request.address = value;
		else if (strcmp(name, "id") == 0)
			request.id = value;
		else if (strcmp(name, "bundle") == 0)
			request.bundle = value;
	}
	return request;
}

static const char *or_default(const char *name, const char *otherwise)
{
	const char *value = getenv(name);
	return value == NULL || *value == 0 ? otherwise : value;
}

/* FNV-1a, 64 bits; the end of a text counts. */
static uint64_t add_to_hash(uint64_t hash, const char *text)
{
	do
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
	while (*text++ != 0);
	return hash;
}

/* One directory for each containerd and namespace: with containerd 1.x the calls do not say whose container is meant. */
static void daemon_directory(char *path, size_t size, const struct request *request)
{
	uint64_t hash = add_to_hash(add_to_hash(0xcbf29ce484222325u, request->address), request->namespace);
	const char *base = or_default("UVM_CONTAINERD_DIRECTORY", "/run/uvm-containerd");
	if (mkdir(base, 0700) != 0 && errno != EEXIST)
		fail("cannot make %s: %s", base, strerror(errno));
	if (snprintf(path, size, "%s/%016llx", base, (unsigned long long)hash) >= (int)size)
		fail("the directory %s has too long a name", base);
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		fail("cannot make %s: %s", path, strerror(errno));
}

static int connect_to(const char *directory, char *address, size_t size)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	if (snprintf(name.sun_path, sizeof name.sun_path, "%s/daemon.sock", directory) >= (int)sizeof name.sun_path)
		fail("the directory %s has too long a name for a socket", directory);
	snprintf(address, size, "unix://%s", name.sun_path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fail("socket: %s", strerror(errno));
	if (connect(fd, (struct sockaddr *)&name, sizeof name) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Starts it apart from containerd: of its streams it has one, a pipe on which it says that it listens. */
static void start_daemon(const char *directory, const char *namespace)
{
	const char *program = or_default("UVM_CONTAINERD", "uvm-containerd");
	const char *provider = or_default("UVM_CONTAINERD_PROVIDER", NULL);
	const char *events = or_default("TTRPC_ADDRESS", NULL);
	if (events == NULL)
		fail("containerd has not said where events go: TTRPC_ADDRESS is not set");
	char log[4096];
	snprintf(log, sizeof log, "%s/daemon.log", directory);
	int said[2];
	if (pipe2(said, O_CLOEXEC) != 0)
		fail("pipe: %s", strerror(errno));
	pid_t child = fork();
	if (child < 0)
		fail("fork: %s", strerror(errno));
	if (child == 0) {
		setsid();
		int nothing = open("/dev/null", O_RDONLY);
		int errors = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		if (nothing < 0 || errors < 0)
			_exit(127);
		dup2(nothing, 0);
		dup2(said[1], 1);
		dup2(errors, 2);
		syscall(SYS_close_range, 3u, ~0u, 0u);
		if (chdir("/") != 0)
			_exit(127);
		const char *arguments[] = { program, "daemon", "--directory", directory, "--containerd", events,
			"--namespace", namespace, provider == NULL ? NULL : "--provider", provider, NULL };
		execvp(program, (char **)arguments);
		dprintf(2, "%s: %s\n", program, strerror(errno));
		_exit(127);
	}
	close(said[1]);
	char first;
	ssize_t got;
	do
		got = read(said[0], &first, 1);
	while (got < 0 && errno == EINTR);
	close(said[0]);
	if (got != 1)
		fail("the daemon %s did not start; what it said is in %s", program, log);
}

static int start(const struct request *request)
{
	char directory[256], address[512], lock[300];
	daemon_directory(directory, sizeof directory, request);
	snprintf(lock, sizeof lock, "%s/lock", directory);
	int held = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (held < 0 || flock(held, LOCK_EX) != 0)
		fail("%s: %s", lock, strerror(errno));
	int fd = connect_to(directory, address, sizeof address);
	if (fd < 0) {
		start_daemon(directory, request->namespace);
		fd = connect_to(directory, address, sizeof address);
	}
	if (fd < 0)
		fail("the daemon has said that it listens at %s, and does not", address);
	close(fd);
	/* containerd 1.x reads it at its restart. */
	FILE *file = fopen("address", "we");
	if (file == NULL || fputs(address, file) < 0 || fclose(file) != 0)
		fail("cannot write the file address: %s", strerror(errno));
	fputs(address, stdout);
	return 0;
}

/* Protobuf, as far as it is needed here. */
struct bytes {
	unsigned char data[1024];
	size_t length;
};

static void put(struct bytes *to, const void *data, size_t length)
{
	if (to->length + length > sizeof to->data)
		fail("a name is too long");
	memcpy(to->data + to->length, data, length);
	to->length += length;
}

static void put_varint(struct bytes *to, uint64_t value)
{
	do {
		unsigned char byte = (value & 0x7f) | (value > 0x7f ? 0x80 : 0);
		put(to, &byte, 1);
		value >>= 7;
	} while (value != 0);
}

static void put_number(struct bytes *to, int field, uint64_t value)
{
	put_varint(to, (uint64_t)field << 3);
	put_varint(to, value);
}

static void put_block(struct bytes *to, int field, const void *data, size_t length)
{
	put_varint(to, (uint64_t)field << 3 | 2);
	put_varint(to, length);
	put(to, data, length);
}

static void put_text(struct bytes *to, int field, const char *text)
{
	put_block(to, field, text, strlen(text));
}

static int print(const struct bytes *message)
{
	return fwrite(message->data, 1, message->length, stdout) == message->length && fflush(stdout) == 0 ? 0 : 1;
}

/* A daemon that lives may still have the task: it is asked to give it up, by ttrpc, and has done so when it answers. */
static void give_up(const struct request *request)
{
	char directory[256], address[512];
	daemon_directory(directory, sizeof directory, request);
	int fd = connect_to(directory, address, sizeof address);
	if (fd < 0)
		return;
	struct bytes shutdown = { .length = 0 }, metadata = { .length = 0 }, call = { .length = 0 };
	put_text(&shutdown, 1, request->id);
	put_number(&shutdown, 2, 1);
	put_text(&metadata, 1, "containerd-namespace-ttrpc");
	put_text(&metadata, 2, request->namespace);
	put_text(&call, 1, "containerd.task.v2.Task");
	put_text(&call, 2, "Shutdown");
	put_block(&call, 3, shutdown.data, shutdown.length);
	put_block(&call, 5, metadata.data, metadata.length);
	unsigned char header[10] = { 0, 0, call.length >> 8, call.length & 0xff, 0, 0, 0, 1, 1, 0 };
	struct timeval limit = { .tv_sec = GIVE_UP_S };
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	unsigned char answer;
	if (send(fd, header, sizeof header, MSG_NOSIGNAL) == sizeof header &&
	    send(fd, call.data, call.length, MSG_NOSIGNAL) == (ssize_t)call.length)
		(void)!recv(fd, &answer, 1, 0);
	close(fd);
}

static int unmount_file(const char *path, const struct stat *found, int type, struct FTW *at)
{
	(void)found;
	(void)at;
	if (type == FTW_F)
		umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
	return 0;
}

static int delete_task(const struct request *request)
{
	give_up(request);
	const char *bundle = *request->bundle == 0 ? "." : request->bundle;
	char path[4200];
	snprintf(path, sizeof path, "%s/rootfs", bundle);
	while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		;
	/* Single files that were bound for the guest. */
	snprintf(path, sizeof path, "%s/files", bundle);
	nftw(path, unmount_file, 16, FTW_PHYS);
	struct bytes time_stamp = { .length = 0 }, response = { .length = 0 };
	put_number(&time_stamp, 1, (uint64_t)time(NULL));
	put_number(&response, 2, KILLED);
	put_block(&response, 3, time_stamp.data, time_stamp.length);
	return print(&response);
}

static int info(void)
{
	struct bytes version = { .length = 0 }, runtime = { .length = 0 };
	put_text(&version, 1, UVM_VERSION);
	put_text(&runtime, 1, NAME);
	put_block(&runtime, 2, version.data, version.length);
	return print(&runtime);
}

int main(int count, char **arguments)
{
	umask(0077);
	struct request request = read_arguments(count, arguments);
	if (request.info)
		return info();
	if (request.verb == NULL)
		fail("start or delete is expected");
	if (strcmp(request.verb, "start") == 0)
		return start(&request);
	if (strcmp(request.verb, "delete") == 0)
		return delete_task(&request);
	fail("%s is not known; start and delete are", request.verb);
}
