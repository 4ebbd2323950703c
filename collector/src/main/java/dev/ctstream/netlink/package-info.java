/**
 * Linux netlink without a netlink library: system calls through JNA, sockets, and cursors and writers for messages and
 * attributes. Knows nothing about conntrack.
 *
 * <p>In: datagrams from the kernel. Out: positions of messages and attributes inside the caller's buffer, replies to
 * requests, typed errors.
 *
 * <p>Threads: every object here is confined to one thread unless its javadoc says otherwise.
 *
 * <p>Source: {@code uapi/linux/netlink.h}, {@code netlink(7)}.
 */
@NullMarked
package dev.ctstream.netlink;

import org.jspecify.annotations.NullMarked;
