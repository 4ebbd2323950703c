package dev.ctstream.spool;

import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.Schemas;
import dev.ctstream.segment.BatchEnvelope;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.function.Consumer;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.jspecify.annotations.Nullable;

/**
 * Stands between a spool and its publisher. Checks that nothing is handed out again after its acknowledgement, and can
 * plant faults there.
 */
public final class PlantedBacklog implements Backlog {
    /** What it does wrong. */
    public enum Fault {
        NONE,
        /** A batch counts as acknowledged when it is handed out. */
        ACKNOWLEDGE_EARLY,
        /** A rewind goes to the batch before the oldest unacknowledged one. */
        REWIND_TOO_FAR,
        /** A rewind leaves out the oldest unacknowledged batch. */
        REWIND_TOO_SHORT,
        /** Events pass a loss before Kafka has its GAP, as they may only while Kafka refuses control records. */
        HOLE_BEFORE_GAP,
        /** The control records have the epoch of the run before, and so its numbers. */
        CONTROL_NUMBERS_AGAIN
    }

    private final Backlog backlog;
    private final Fault fault;
    private final @Nullable RunIdentity before;
    private final Consumer<String> violation;
    private final Queue events;
    private final Queue control;

    /**
     * Passes on to a backlog; violations are told.
     *
     * @param before the run before, for the fault that uses its numbers again; null = there is none
     */
    public PlantedBacklog(Backlog backlog, Fault fault, @Nullable RunIdentity before, Consumer<String> violation) {
        this.backlog = backlog;
        this.before = before;
        this.fault = fault;
        this.violation = violation;
        events = new Queue("events", backlog.events());
        control = new Queue("control records", backlog.control());
        controlBlocked(false);
    }

    private final class Queue implements BatchQueue {
        private final String what;
        private final BatchQueue queue;
        private long acknowledged;
        private @Nullable QueuedBatch last; // the newest acknowledged one
        private @Nullable QueuedBatch newest; // handed out
        private boolean again;

        Queue(String what, BatchQueue queue) {
            this.what = what;
            this.queue = queue;
        }

        @Override
        public @Nullable QueuedBatch next() throws IOException {
            QueuedBatch repeated = last;
            if (again && repeated != null) {
                again = false;
                return check(repeated);
            }
            QueuedBatch batch = queue.next();
            if (batch != null && fault == Fault.REWIND_TOO_FAR) {
                byte[] copy = new byte[batch.lengthBytes()];
                System.arraycopy(batch.array(), batch.offset(), copy, 0, copy.length);
                newest = QueuedBatch.of(batch.envelope(), batch.identity(), copy);
            }
            if (batch != null && fault == Fault.ACKNOWLEDGE_EARLY) {
                queue.acknowledge(batch.envelope().number());
            }
            return batch == null ? null : check(ofRunBefore(batch));
        }

        private QueuedBatch ofRunBefore(QueuedBatch batch) throws IOException {
            RunIdentity run = before;
            if (fault != Fault.CONTROL_NUMBERS_AGAIN || run == null || !queue.equals(backlog.control())) {
                return batch;
            }
            byte[] datum = Arrays.copyOfRange(batch.array(), batch.offset(), batch.offset() + batch.lengthBytes());
            GenericRecord record = new GenericDatumReader<GenericRecord>(Schemas.CONTROL)
                    .read(null, DecoderFactory.get().binaryDecoder(datum, null));
            record.put("stream_epoch", run.streamEpoch());
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
            new GenericDatumWriter<GenericRecord>(Schemas.CONTROL).write(record, encoder);
            encoder.flush();
            return QueuedBatch.of(batch.envelope(), run, out.toByteArray());
        }

        private QueuedBatch check(QueuedBatch batch) {
            BatchEnvelope envelope = batch.envelope();
            if (envelope.number() <= acknowledged) {
                violation.accept(
                        what + " number " + envelope.number() + " is handed out again after its acknowledgement");
            }
            return batch;
        }

        @Override
        public void rewind() {
            queue.rewind();
            again = fault == Fault.REWIND_TOO_FAR;
            if (fault == Fault.REWIND_TOO_SHORT) {
                try {
                    var unused = queue.next();
                } catch (IOException e) {
                    violation.accept(e.toString());
                }
            }
        }

        @Override
        public void acknowledge(long number) {
            queue.acknowledge(number);
            acknowledged = Math.max(acknowledged, number);
            QueuedBatch handed = newest;
            if (handed != null && handed.envelope().number() == number) {
                last = handed;
            }
        }

        @Override
        public long unacknowledged() {
            return queue.unacknowledged();
        }
    }

    @Override
    public BatchQueue control() {
        return control;
    }

    @Override
    public BatchQueue events() {
        return events;
    }

    @Override
    public void await(long waitNanos) {
        backlog.await(waitNanos);
    }

    @Override
    public void wake() {
        backlog.wake();
    }

    @Override
    public boolean setAside(QueuedBatch batch, String reason) {
        return backlog.setAside(batch, reason);
    }

    @Override
    public RunIdentity identity() {
        return backlog.identity();
    }

    @Override
    public @Nullable RunTopics topics(RunIdentity run) {
        return backlog.topics(run);
    }

    @Override
    public @Nullable RunTopics topicsBefore() {
        return backlog.topicsBefore();
    }

    @Override
    public void keepTopics(RunTopics topics) {
        backlog.keepTopics(topics);
    }

    @Override
    public void controlBlocked(boolean blocked) {
        backlog.controlBlocked(blocked || fault == Fault.HOLE_BEFORE_GAP);
    }
}
