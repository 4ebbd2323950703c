package dev.ctstream.batch;

/** Why a batch was closed: the label {@code reason} of the metric. */
enum CloseReason {
    /** {@code batch.max-events} reached. */
    COUNT,
    /** {@code batch.max-bytes} would have been exceeded. */
    BYTES,
    /** A tick: {@code batch.linger-millis} passed, or the open batches held many events. */
    LINGER,
    /** The open batches took too many bytes, and this was the oldest. */
    PRESSURE,
    /** A dump has ended, or the namespace was removed. */
    FLUSH,
    /** The collector is stopping. */
    STOP
}
