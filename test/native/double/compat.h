/* What the double needs of its system. As a DLL it is compiled against the public-domain headers of mingw-w64; as a shared object this
 * file declares the same types (layouts of docs/hcs.md#layouts-on-x64), so that one set of sources makes both. */
#ifndef DOUBLE_COMPAT_H
#define DOUBLE_COMPAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef _WIN32

#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <computecore.h>

typedef SRWLOCK Mutex;
typedef CONDITION_VARIABLE Condition;
#define MUTEX_INIT SRWLOCK_INIT
#define CONDITION_INIT CONDITION_VARIABLE_INIT

#else

#include <pthread.h>
#include <uchar.h>

typedef int32_t HRESULT;
typedef int32_t BOOL;
typedef uint32_t DWORD;
typedef uint64_t UINT64;
typedef char16_t WCHAR;
typedef WCHAR *PWSTR;
typedef const WCHAR *PCWSTR;
typedef void *HANDLE;
typedef void SECURITY_DESCRIPTOR;
#define WINAPI
#define CALLBACK

typedef struct HCS_SYSTEM__ *HCS_SYSTEM;
typedef struct HCS_PROCESS__ *HCS_PROCESS;
typedef struct HCS_OPERATION__ *HCS_OPERATION;

typedef int32_t HCS_OPERATION_TYPE;
typedef uint32_t HCS_EVENT_TYPE;
typedef uint32_t HCS_EVENT_OPTIONS;
typedef int32_t HCS_CREATE_OPTIONS;

typedef struct HCS_EVENT {
  HCS_EVENT_TYPE Type;
  PCWSTR EventData;
  HCS_OPERATION Operation;
} HCS_EVENT;

typedef void (CALLBACK *HCS_OPERATION_COMPLETION)(HCS_OPERATION operation, void *context);
typedef void (CALLBACK *HCS_EVENT_CALLBACK)(HCS_EVENT *event, void *context);

typedef struct {
  DWORD ProcessId;
  DWORD Reserved;
  HANDLE StdInput;
  HANDLE StdOutput;
  HANDLE StdError;
} HCS_PROCESS_INFORMATION;

typedef struct {
  HCS_CREATE_OPTIONS Version;
  HANDLE UserToken;
  SECURITY_DESCRIPTOR *SecurityDescriptor;
  HCS_EVENT_OPTIONS CallbackOptions;
  void *CallbackContext;
  HCS_EVENT_CALLBACK Callback;
} HCS_CREATE_OPTIONS_1;

typedef pthread_mutex_t Mutex;
typedef pthread_cond_t Condition;
#define MUTEX_INIT PTHREAD_MUTEX_INITIALIZER
#define CONDITION_INIT PTHREAD_COND_INITIALIZER

#endif

void mutex_lock(Mutex *mutex);
void mutex_unlock(Mutex *mutex);
void condition_wait(Condition *condition, Mutex *mutex);
void condition_broadcast(Condition *condition);
/** Starts a detached thread; false when the system has none left. */
bool start_thread(void (*run)(void *), void *argument);
void sleep_ms(uint32_t ms);
/** Time since an arbitrary start, 100 ns units. */
uint64_t now_100ns(void);

#endif
