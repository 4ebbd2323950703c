/*
 * drain: the least work that a reader of conntrack events can do, as the floor in comparisons.
 *
 *   drain [MILLIS]
 *
 * Subscribes to NEW and DESTROY, takes up to 1024 events with one recvmmsg, throws them away, and sleeps for MILLIS
 * (default 8, as the collector does) whenever it has found fewer than 1024. With 0 it never sleeps but waits in
 * recvmmsg, as most readers do, and is woken for each event or two. It counts nothing: the benchmark asks the kernel.
 * Ends with SIGTERM.
 *
 *   gcc -O2 -o drain drain.c
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum { SLOTS = 1024, SLOT_BYTES = 2112, BUFFER_BYTES = 128 << 20 };
enum { NAP_MILLIS = 8, MAX_NAP_MILLIS = 999, NANOS_PER_MILLI = 1000000 };

static char slots[SLOTS][SLOT_BYTES];
static struct iovec vectors[SLOTS];
static struct mmsghdr headers[SLOTS];

static int fail(const char *what)
{
	perror(what);
	return EXIT_FAILURE;
}

static int subscribe(int fd)
{
	const int groups[] = { NFNLGRP_CONNTRACK_NEW, NFNLGRP_CONNTRACK_DESTROY };
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	int bytes = BUFFER_BYTES, on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes))
		return -1;
	if (setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof on))
		return -1;
	if (bind(fd, (struct sockaddr *)&self, sizeof self))
		return -1;
	for (int i = 0; i < 2; i++)
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof groups[i]))
			return -1;
	return 0;
}

int main(int count_of_arguments, char **arguments)
{
	char *end = "";
	const long millis = count_of_arguments > 1 ? strtol(arguments[1], &end, 10) : NAP_MILLIS;
	const struct timespec nap = { 0, millis * NANOS_PER_MILLI };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (*end || millis < 0 || millis > MAX_NAP_MILLIS) {
		fprintf(stderr, "usage: drain [MILLIS], 0 to %d\n", MAX_NAP_MILLIS);
		return EXIT_FAILURE;
	}
	if (fd < 0)
		return fail("socket");
	for (int i = 0; i < SLOTS; i++) {
		vectors[i] = (struct iovec){ slots[i], SLOT_BYTES };
		headers[i].msg_hdr = (struct msghdr){ .msg_iov = &vectors[i], .msg_iovlen = 1 };
	}
	if (subscribe(fd))
		return fail("subscribe");
	for (;;) {
		int count = recvmmsg(fd, headers, SLOTS, millis ? MSG_DONTWAIT : MSG_WAITFORONE, NULL);

		if (count < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
			return fail("recvmmsg");
		if (millis && count < SLOTS)
			nanosleep(&nap, NULL);
	}
}
