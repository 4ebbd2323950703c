package dev.ctstream.publish;

import dev.ctstream.spool.RunTopics;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * A cluster on one thread: {@link #step} moves one record, or one answer, by a seeded choice. As with one request in
 * flight for each connection, records of a partition are appended in order, and nothing of a partition follows a record
 * that failed, unless its producer stays open. An appended record may never be acknowledged; a request that a closed
 * producer has sent may still arrive.
 */
public final class FakeBroker implements KafkaGateway {
    /** What a cluster is like for a time. */
    public enum Mood {
        WELL,
        /** Takes records, but answers late. */
        SLOW,
        /** Takes records, and never answers. */
        DUMB,
        /** Is not there. */
        AWAY,
        /** Changes leaders: requests fail now and then. */
        MOVING,
        /** Refuses the topic of control records. */
        CONTROL_REFUSED,
        /** Refuses everything. */
        REFUSING,
        /** Rejects or cuts single records. */
        PICKY,
        /** Does not know the topics until they are created again. */
        TOPICLESS
    }

    /** What a cluster has done to a producer. */
    public enum Deed {
        ANSWERED_LATE,
        NEVER_ANSWERED,
        TIMED_OUT,
        ACKNOWLEDGEMENT_LOST,
        LEADER_CHANGED,
        REFUSED,
        DUPLICATED,
        TOPIC_DELETED
    }

    private static final int EVENT_PARTITIONS = 4;
    private static final int CONTROL_PARTITIONS = 2;

    private final String controlTopic;
    private final SplittableRandom random;
    private final Map<TopicPartition, List<byte[]>> logs =
            new TreeMap<>((a, b) -> a.toString().compareTo(b.toString()));
    private final List<FakeProducer> producers = new ArrayList<>();
    private final boolean staysOpen;
    private Mood mood = Mood.WELL;
    private String address = "broker:1";
    private final Set<Deed> deeds = EnumSet.noneOf(Deed.class);
    private final Set<Integer> appended = new HashSet<>();
    private boolean controlRefused;

    /**
     * An empty cluster.
     *
     * @param staysOpen planted fault: a producer is not closed by the callback of the first failure
     */
    public FakeBroker(String controlTopic, SplittableRandom random, boolean staysOpen) {
        this.controlTopic = controlTopic;
        this.random = random;
        this.staysOpen = staysOpen;
    }

    /** Changes how it is. */
    public void mood(Mood now) {
        mood = now;
        if (now == Mood.MOVING) {
            address = "broker:" + random.nextInt(1000);
        }
    }

    /** Everything that was ever appended, in order; a deleted topic's records too. */
    public Map<TopicPartition, List<byte[]>> logs() {
        return logs;
    }

    /** What it has done so far. */
    public Set<Deed> deeds() {
        return deeds;
    }

    /** Whether control records were refused since the last {@link #controlCaughtUp}. */
    public boolean controlRefused() {
        return controlRefused;
    }

    /** It has every control record. */
    public void controlCaughtUp() {
        controlRefused = false;
    }

    @Override
    public Topics.Report prepare() throws KafkaUnreadyException {
        if (mood == Mood.AWAY) {
            throw new KafkaUnreadyException("away");
        }
        if (mood == Mood.TOPICLESS) {
            mood = Mood.WELL;
        }
        return new Topics.Report(
                TestTopics.of("events", EVENT_PARTITIONS, "control", CONTROL_PARTITIONS),
                List.of(),
                1 << 20,
                Topics.Ages.UNLIMITED,
                Set.of(address));
    }

    @Override
    public CompletableFuture<RunTopics> topics() {
        return mood == Mood.TOPICLESS
                ? CompletableFuture.failedFuture(new UnknownTopicOrPartitionException("deleted"))
                : CompletableFuture.completedFuture(
                        TestTopics.of("events", EVENT_PARTITIONS, "control", CONTROL_PARTITIONS));
    }

    @Override
    public void close() {}

    @Override
    public Producer<byte[], byte[]> producer(long maxMessageBytes) throws KafkaUnreadyException {
        if (mood == Mood.AWAY && random.nextBoolean()) {
            throw new KafkaUnreadyException("unresolvable");
        }
        FakeProducer producer = new FakeProducer();
        producers.add(producer);
        return producer;
    }

    /** Moves one record or answer. */
    public void step() {
        producers.removeIf(producer -> producer.closed && producer.pending.isEmpty());
        if (!producers.isEmpty()) {
            producers.get(random.nextInt(producers.size())).step();
        }
    }

    /** The process that owns the producers has gone. */
    public void ownerIsGone() {
        producers.forEach(FakeProducer::abandon);
    }

    private static final class Pending {
        final ProducerRecord<byte[], byte[]> record;
        final Callback callback;
        boolean appended;

        Pending(ProducerRecord<byte[], byte[]> record, Callback callback) {
            this.record = record;
            this.callback = callback;
        }
    }

    private final class FakeProducer extends MockProducer<byte[], byte[]> {
        private final Map<TopicPartition, Deque<Pending>> pending =
                new TreeMap<>((a, b) -> a.toString().compareTo(b.toString()));
        private final Map<TopicPartition, Boolean> failed = new HashMap<>();
        private boolean closed;
        private boolean calling;

        FakeProducer() {
            super(false, null, new ByteArraySerializer(), new ByteArraySerializer());
        }

        @Override
        public synchronized Future<RecordMetadata> send(
                ProducerRecord<byte[], byte[]> record, @Nullable Callback callback) {
            if (closed) {
                throw new IllegalStateException("closed");
            }
            if (callback == null) {
                throw new IllegalArgumentException("no callback");
            }
            if (mood == Mood.AWAY && random.nextInt(20) == 0) {
                deeds.add(Deed.TIMED_OUT);
                callback.onCompletion(null, new TimeoutException("no memory within max.block.ms"));
                return new CompletableFuture<>();
            }
            pending.computeIfAbsent(new TopicPartition(record.topic(), record.partition()), added -> new ArrayDeque<>())
                    .addLast(new Pending(record, callback));
            return new CompletableFuture<>();
        }

        void step() {
            List<TopicPartition> some = pending.keySet().stream()
                    .filter(partition -> !failed.containsKey(partition) || staysOpen)
                    .toList();
            if (some.isEmpty() || mood == Mood.AWAY) {
                return;
            }
            TopicPartition partition = some.get(random.nextInt(some.size()));
            Deque<Pending> queue = pending.getOrDefault(partition, new ArrayDeque<>());
            Pending next =
                    queue.stream().filter(one -> !one.appended).findFirst().orElse(null);
            Pending oldest = queue.getFirst();
            boolean answers = mood != Mood.DUMB && (mood != Mood.SLOW || random.nextInt(8) == 0);
            if (oldest.appended && !answers) {
                deeds.add(mood == Mood.DUMB ? Deed.NEVER_ANSWERED : Deed.ANSWERED_LATE);
            }
            if (oldest.appended && answers && (next == null || random.nextBoolean())) {
                answer(partition, queue, oldest, null);
            } else if (next != null) {
                Exception refusal = refusal(partition);
                if (refusal == null) {
                    append(partition, next);
                } else if (next == oldest) { // answers come in order
                    answer(partition, queue, next, refusal);
                }
            }
            if (queue.isEmpty()) {
                pending.remove(partition);
            }
        }

        private void append(TopicPartition partition, Pending one) {
            one.appended = true;
            if (!appended.add(partition.hashCode() * 31 + Arrays.hashCode(one.record.value()))) {
                deeds.add(Deed.DUPLICATED);
            }
            logs.computeIfAbsent(partition, added -> new ArrayList<>())
                    .add(one.record.value().clone());
        }

        private void answer(TopicPartition partition, Deque<Pending> queue, Pending one, @Nullable Exception failure) {
            queue.removeFirst();
            if (failure != null) {
                failed.put(partition, true);
                deeds.add(deed(failure));
                controlRefused |=
                        deed(failure) == Deed.REFUSED && partition.topic().equals(controlTopic);
            }
            if (closed) { // nobody hears it
                if (failure != null) {
                    queue.clear(); // it was one request
                }
                return;
            }
            calling = true;
            try {
                one.callback.onCompletion(
                        failure == null ? new RecordMetadata(partition, 0, 0, 0, 0, 0) : null, failure);
            } finally {
                calling = false;
            }
            if (!closed) {
                failed.remove(partition); // its owner goes on with it
            }
        }

        private static Deed deed(Exception failure) {
            if (failure instanceof NotLeaderOrFollowerException) {
                return Deed.LEADER_CHANGED;
            }
            return failure instanceof UnknownTopicOrPartitionException ? Deed.TOPIC_DELETED : Deed.REFUSED;
        }

        private @Nullable Exception refusal(TopicPartition partition) {
            boolean now = random.nextInt(6) == 0;
            return switch (mood) {
                case CONTROL_REFUSED ->
                    partition.topic().equals(controlTopic) ? new TopicAuthorizationException("control") : null;
                case REFUSING -> new TopicAuthorizationException("all");
                case TOPICLESS -> new UnknownTopicOrPartitionException("deleted");
                case MOVING -> now ? new NotLeaderOrFollowerException("moved") : null;
                case PICKY ->
                    !now
                            ? null
                            : random.nextBoolean()
                                    ? new RecordTooLargeException("too large")
                                    : new InvalidRecordException("invalid");
                default -> null;
            };
        }

        @Override
        public void flush() {}

        @Override
        public void close() {
            close(Duration.ZERO);
        }

        @Override
        public void close(Duration timeout) {
            if (calling && staysOpen) {
                return;
            }
            for (int left = timeout.isZero() ? 0 : 200; left > 0 && !pending.isEmpty(); left--) {
                step();
            }
            if (!closed) {
                abandon();
            }
        }

        /** What is in the network may still arrive, of each partition that has not failed. */
        private void abandon() {
            closed = true;
            pending.forEach((partition, queue) -> {
                while (!queue.isEmpty() && queue.getFirst().appended) {
                    deeds.add(Deed.ACKNOWLEDGEMENT_LOST);
                    queue.removeFirst();
                }
                int arriving = failed.containsKey(partition) ? 0 : random.nextInt(3);
                while (queue.size() > arriving) {
                    queue.removeLast();
                }
            });
            pending.values().removeIf(Deque::isEmpty);
        }
    }
}
