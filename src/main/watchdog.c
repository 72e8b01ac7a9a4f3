#include "main/watchdog.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

static void *watch(void *arg)
{
    const struct timespec *timeout = arg;
    struct timespec left = *timeout;
    while (nanosleep(&left, &left) != 0)
        continue;
    static const char text[] = "guildhall: the graceful stop took too long, ending now\n";
    ssize_t n = write(STDERR_FILENO, text, sizeof text - 1);
    (void)n;
    _exit(0);
}

void watchdog_start(uint64_t timeout_ms)
{
    static struct timespec timeout;
    timeout.tv_sec = (time_t)(timeout_ms / 1000);
    timeout.tv_nsec = (long)(timeout_ms % 1000) * 1000000;
    pthread_t thread;
    if (pthread_create(&thread, NULL, watch, &timeout) == 0)
        pthread_detach(thread);
}
