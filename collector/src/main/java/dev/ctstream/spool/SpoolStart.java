package dev.ctstream.spool;

import dev.ctstream.batch.RunIdentity;

/**
 * Where a run begins in the spool.
 *
 * @param identity the run
 * @param nextSegmentId number of its first segment
 * @param nextNumber number of its first batch
 * @param eventsBefore events in all batches before
 * @param acknowledgedNumber batches up to this one are in Kafka
 */
record SpoolStart(
        RunIdentity identity, long nextSegmentId, long nextNumber, long eventsBefore, long acknowledgedNumber) {}
