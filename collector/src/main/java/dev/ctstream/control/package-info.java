/**
 * The collector's reports about each network namespace, besides its events: start, heartbeat and stop, snapshots of the
 * table, and changes of the delivery mode.
 *
 * <p>In: the state that {@code track} keeps, the kernel's counters and settings, dumps of the table. Out: control
 * records for the {@link dev.ctstream.batch.ControlOutbox}, and dumped entries for the receive thread. A record that the
 * outbox refuses stays with its maker, which tries again on its own thread; only a HEARTBEAT is left out.
 *
 * <p>Threads: {@link dev.ctstream.control.Snapshots} owns {@code ctstream-dump},
 * {@link dev.ctstream.control.NamespaceReporter} owns {@code ctstream-control},
 * {@link dev.ctstream.control.DeliveryGuard} owns {@code ctstream-guard}.
 */
@NullMarked
package dev.ctstream.control;

import org.jspecify.annotations.NullMarked;
