// The C loop that the native binding is measured against: property queries of one system, so many at once, each with an operation, a
// callback and a result document, as the binding makes them. Prints queries a second.
//
// Usage: loop LIBRARY COUNT OUTSTANDING

#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef const uint16_t *text;
typedef void (*completion)(void *operation, void *context);

static void *(*create_operation)(const void *, completion);
static void (*close_operation)(void *);
static int32_t (*operation_result)(void *, uint16_t **);
static int32_t (*wait_result)(void *, uint32_t, uint16_t **);
static int32_t (*create_system)(text, text, void *, void *, void **);
static int32_t (*get_properties)(void *, void *, text);
static void (*close_system)(void *);
static void *(*local_free)(void *);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t change = PTHREAD_COND_INITIALIZER;
static void **completed;
static long completed_count;

static void *find(void *library, const char *name) {
  void *found = dlsym(library, name);
  if (found == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    exit(1);
  }
  return found;
}

static void on_completion(void *operation, void *context) {
  (void)context;
  pthread_mutex_lock(&lock);
  completed[completed_count++] = operation;
  pthread_cond_signal(&change);
  pthread_mutex_unlock(&lock);
}

static void ask(void *system) {
  if (get_properties(system, create_operation(NULL, on_completion), NULL) < 0) exit(1);
}

int main(int count, char **arguments) {
  if (count != 4) return 2;
  void *library = dlopen(arguments[1], RTLD_NOW);
  long calls = atol(arguments[2]), outstanding = atol(arguments[3]);
  if (library == NULL) return 1;
  create_operation = find(library, "HcsCreateOperation");
  close_operation = find(library, "HcsCloseOperation");
  operation_result = find(library, "HcsGetOperationResult");
  wait_result = find(library, "HcsWaitForOperationResult");
  create_system = find(library, "HcsCreateComputeSystem");
  get_properties = find(library, "HcsGetComputeSystemProperties");
  close_system = find(library, "HcsCloseComputeSystem");
  local_free = find(library, "LocalFree");
  completed = malloc((size_t)outstanding * sizeof *completed);
  void **taken = malloc((size_t)outstanding * sizeof *taken);
  if (completed == NULL || taken == NULL) return 1;

  static const char document[] =
      "{\"Owner\":\"bench\",\"SchemaVersion\":{\"Major\":2,\"Minor\":1},\"ShouldTerminateOnLastHandleClosed\":true,"
      "\"VirtualMachine\":{\"StopOnReset\":true,\"Chipset\":{\"Uefi\":{}},\"ComputeTopology\":{\"Memory\":{\"SizeInMB\":256},"
      "\"Processor\":{\"Count\":1}}}}";
  uint16_t wide[sizeof document];
  for (size_t at = 0; at < sizeof document; at++) wide[at] = (unsigned char)document[at];
  uint16_t *result = NULL;
  void *system = NULL, *creating = create_operation(NULL, NULL);
  if (create_system((text)u"bench-loop", wide, creating, NULL, &system) < 0) return 1;
  if (wait_result(creating, 10000, &result) < 0) return 1;
  if (result != NULL) local_free(result);
  close_operation(creating);

  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  long asked = 0, answered = 0;
  while (asked < calls && asked < outstanding) asked++, ask(system);
  while (answered < calls) {
    pthread_mutex_lock(&lock);
    while (completed_count == 0) pthread_cond_wait(&change, &lock);
    long found = completed_count;
    for (long at = 0; at < found; at++) taken[at] = completed[at];
    completed_count = 0;
    pthread_mutex_unlock(&lock);
    for (long at = 0; at < found; at++) {
      if (operation_result(taken[at], &result) < 0) return 1;
      if (result != NULL) local_free(result);
      close_operation(taken[at]);
      answered++;
      if (asked < calls) asked++, ask(system);
    }
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  close_system(system);
  double seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
  printf("%.1f\n", (double)calls / seconds);
  return 0;
}
