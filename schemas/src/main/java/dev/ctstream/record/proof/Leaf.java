package dev.ctstream.record.proof;

import dev.ctstream.record.RunIdentity;

/**
 * A leaf as records of a topic have it. Immutable; any thread.
 *
 * @param run whose log it is in
 * @param index its log_index, from 0; negative only in a record that somebody has altered
 * @param names the namespace's and the host's
 * @param zone of the events; {@link LeafBytes#NO_ZONE} for a control record
 * @param firstSequence of the batch, or the control_sequence
 * @param count events of the batch; 1 for a control record
 * @param hash of its bytes, see {@link LeafBytes} and {@link Hash#ofLeaf}
 */
public record Leaf(
        RunIdentity run, long index, LeafBytes.Names names, int zone, long firstSequence, int count, Hash hash) {}
