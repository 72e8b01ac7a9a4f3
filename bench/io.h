#pragma once

/*
 * What the benchmark programs share: sockets on the loopback interface, time, and the way out.
 * They are tools that run for seconds under a driver: on any error they say why and exit with 1.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

/* Prints the message, with errno's text if there is one, and exits with 1. */
noreturn void die(const char *what);

/* A connected TCP socket to 127.0.0.1:port, without Nagle's delay. */
int io_connect(uint16_t port);
/* A listening socket on 127.0.0.1; port 0 takes a free one. *port is set to the one taken. */
int io_listen(uint16_t *port);
void io_nodelay(int fd);
void io_nonblocking(int fd);
/* All of it in one call, or the end: what is sent here always fits into an empty socket buffer. */
void io_send(int fd, const void *data, size_t len);
/* Bytes read; 0 if there is nothing now. A connection that ends is an error: it never should. */
size_t io_recv(int fd, void *data, size_t capacity);

void io_watch(int epoll_fd, int fd, void *owner);

/* Monotonic time. */
uint64_t io_now_ns(void);
/* User and system time of this process so far. */
uint64_t io_cpu_ns(void);

/* A whole decimal number of at most `max`, or the end. */
uint64_t io_number(const char *text, uint64_t max);
/* Heap memory, zeroed, or the end. */
/* Of io_now_ns. */
void io_sleep_until(uint64_t ns);
void *io_alloc(size_t count, size_t size);
