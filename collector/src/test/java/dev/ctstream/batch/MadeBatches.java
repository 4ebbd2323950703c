package dev.ctstream.batch;

import java.util.SplittableRandom;

/** Closed batches as tests of later packages want them: a true header, and filler in place of the events. */
public final class MadeBatches {
    private MadeBatches() {}

    /**
     * A batch of events.
     *
     * @param bodyBytes how much filler follows the header; what it is depends on stream and sequence alone
     */
    public static EncodedBatch events(RunIdentity run, StreamId stream, long first, int count, int bodyBytes) {
        EncodedBatch batch = made(run, stream, first, bodyBytes, EncodedBatch.EVENTS);
        batch.count = count;
        return batch;
    }

    /** A control record. */
    public static EncodedBatch control(RunIdentity run, String netns, long sequence, int bodyBytes) {
        EncodedBatch batch =
                made(run, new StreamId(netns, StreamId.CONTROL_ZONE), sequence, bodyBytes, EncodedBatch.CONTROL);
        batch.count = 1;
        return batch;
    }

    private static EncodedBatch made(RunIdentity run, StreamId stream, long first, int bodyBytes, int kind) {
        EncodedBatch batch = new EncodedBatch(BufferPool.UNPOOLED, new byte[bodyBytes + 512], new int[1]);
        int at = AvroWriter.writeEncoded(batch.array, 0, AvroWriter.encodedString(run.hostId()));
        at = AvroWriter.writeEncoded(batch.array, at, AvroWriter.encodedString(run.bootId()));
        at = AvroWriter.writeEncoded(batch.array, at, AvroWriter.encodedString(stream.netns()));
        at = kind == EncodedBatch.EVENTS ? AvroWriter.writeLong(batch.array, at, stream.zone()) : at;
        at = AvroWriter.writeLong(batch.array, at, run.streamEpoch());
        byte[] filler = new byte[bodyBytes];
        new SplittableRandom(stream.hashCode() * 31L + first).nextBytes(filler);
        System.arraycopy(filler, 0, batch.array, at, bodyBytes);
        batch.kind = kind;
        batch.stream = stream;
        batch.streamEpoch = run.streamEpoch();
        batch.firstSequence = first;
        batch.end = at + bodyBytes;
        batch.firstReceivedNanos = run.streamEpoch() + first * 1000;
        batch.lastReceivedNanos = run.streamEpoch() + first * 1000 + 999;
        return batch;
    }
}
