/**
 * Connection tracking over netlink: the attribute tables, the flow event, the receive thread, requests to the table.
 *
 * <p>In: datagrams of ctnetlink's event groups and of its replies. Out: flow events, passed in place to a
 * {@link dev.ctstream.conntrack.FlowEventHandler}; results of requests.
 *
 * <p>Threads: events are decoded and handled on the receive thread only; a request object belongs to the thread that
 * uses it.
 *
 * <p>Source: {@code uapi/linux/netfilter/nfnetlink_conntrack.h}, {@code net/netfilter/nf_conntrack_netlink.c}.
 */
@NullMarked
package dev.ctstream.conntrack;

import org.jspecify.annotations.NullMarked;
