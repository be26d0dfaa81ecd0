#include "compat.h"

#include <stdlib.h>

typedef struct {
  void (*run)(void *);
  void *argument;
} Start;

#ifdef _WIN32

void mutex_lock(Mutex *mutex) { AcquireSRWLockExclusive(mutex); }
void mutex_unlock(Mutex *mutex) { ReleaseSRWLockExclusive(mutex); }
void condition_wait(Condition *condition, Mutex *mutex) { SleepConditionVariableSRW(condition, mutex, INFINITE, 0); }
void condition_broadcast(Condition *condition) { WakeAllConditionVariable(condition); }

static DWORD WINAPI entry(void *argument) {
  Start start = *(Start *)argument;
  free(argument);
  start.run(start.argument);
  return 0;
}

bool start_thread(void (*run)(void *), void *argument) {
  Start *start = malloc(sizeof *start);
  *start = (Start){run, argument};
  HANDLE thread = CreateThread(NULL, 256 * 1024, entry, start, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
  if (thread == NULL) {
    free(start);
    return false;
  }
  CloseHandle(thread);
  return true;
}

void sleep_ms(uint32_t ms) { Sleep(ms); }
uint64_t now_100ns(void) {
  LARGE_INTEGER count, frequency;
  QueryPerformanceCounter(&count);
  QueryPerformanceFrequency(&frequency);
  return (uint64_t)((double)count.QuadPart * 1e7 / (double)frequency.QuadPart);
}

#else

#include <time.h>

void mutex_lock(Mutex *mutex) { pthread_mutex_lock(mutex); }
void mutex_unlock(Mutex *mutex) { pthread_mutex_unlock(mutex); }
void condition_wait(Condition *condition, Mutex *mutex) { pthread_cond_wait(condition, mutex); }
void condition_broadcast(Condition *condition) { pthread_cond_broadcast(condition); }

static void *entry(void *argument) {
  Start start = *(Start *)argument;
  free(argument);
  start.run(start.argument);
  return NULL;
}

bool start_thread(void (*run)(void *), void *argument) {
  Start *start = malloc(sizeof *start);
  *start = (Start){run, argument};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, 256 * 1024);
  pthread_t thread;
  bool started = pthread_create(&thread, &attributes, entry, start) == 0;
  pthread_attr_destroy(&attributes);
  if (!started) free(start);
  return started;
}

void sleep_ms(uint32_t ms) {
  struct timespec left = {ms / 1000, (long)(ms % 1000) * 1000000};
  while (nanosleep(&left, &left) != 0) {
  }
}
uint64_t now_100ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 10000000u + (uint64_t)now.tv_nsec / 100u;
}

#endif
