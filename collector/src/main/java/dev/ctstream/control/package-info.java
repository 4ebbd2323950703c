/**
 * The collector's reports about each network namespace, besides its events: start, heartbeat and stop, snapshots of the
 * table, changes of the delivery mode, and declared losses.
 *
 * <p>In: the state that {@code track} keeps, the kernel's counters and settings, dumps of the table. Out: control records
 * for {@link dev.ctstream.batch.Batcher}, and dumped entries for the receive thread.
 *
 * <p>Threads: {@link dev.ctstream.control.Snapshots} owns {@code ctstream-dump},
 * {@link dev.ctstream.control.NamespaceReporter} owns {@code ctstream-control},
 * {@link dev.ctstream.control.DeliveryGuard} owns {@code ctstream-guard}.
 */
@NullMarked
package dev.ctstream.control;

import org.jspecify.annotations.NullMarked;
