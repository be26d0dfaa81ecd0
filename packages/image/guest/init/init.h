// What the parts of the guest's init share. See main.c for the order of things.
#ifndef UVM_INIT_H
#define UVM_INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/** Longest list of words that is taken from the kernel's command line. */
#define MAX_WORDS 64

/** What follows "--" on the kernel's command line, taken apart. */
struct boot {
  int entropy_port;          // 0: none is read
  int log_port;              // 0: the log goes to the console
  char *agent[MAX_WORDS];    // the agent and its arguments, ended by NULL
  bool console_shell;        // a shell on the console beside the agent
};

// boot.c
void boot_read(struct boot *boot, int argc, char **argv);
bool cmdline_value(const char *name, char *value, size_t size);

// files.c
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool read_file(const char *path, char *text, size_t size);
bool write_file(const char *path, const char *text);
void make_directories(const char *path);

// mounts.c
void mount_all(void);

// modules.c
void load_modules(const char *list);
void load_alias(const char *alias);

// devices.c
void devices_begin(void);
void devices_follow(void);
bool devices_streams_came(const char *event, size_t length);
bool devices_changed(const char *event, size_t length);

// clock.c
void clock_from_rtc(void);

// vsock.c
int vsock_dial(int port, int timeout_ms);
void entropy_read(int port);

// log-relay.c
pid_t log_relay_start(int from, int port);

// agent.c
void agent_serve(struct boot *boot);

#endif
