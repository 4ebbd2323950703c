package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.batch.MadeBatches;
import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.metrics.OwnedThread;
import dev.ctstream.record.Framing;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.Schemas;
import dev.ctstream.record.StreamId;
import dev.ctstream.record.proof.NoteException;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.spool.BatchQueue;
import dev.ctstream.spool.ProofConfig;
import dev.ctstream.spool.ProofKeyFile;
import dev.ctstream.spool.QueuedBatch;
import dev.ctstream.spool.Spool;
import dev.ctstream.spool.SpoolConfig;
import dev.ctstream.spool.SpoolMetrics;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The topics that some runs of a host leave, made by the spool with its proof on: what a publisher reads from it, by
 * partition.
 */
final class ProvenTopics {
    static final String HOST = "host-1";
    static final int PARTITIONS = 3;
    private static final StreamId OWN = StreamId.control("host", "id-host");
    private static final long BASE = 1_795_244_000_000_000_000L;
    private static final int EVENTS = 6;

    private final Path directory;
    private final Path key;
    private final Map<Lane, List<byte[]>> records = new TreeMap<>();
    private long epoch = BASE;
    private ControlRecord.@Nullable PreviousRun previous;

    /** A partition of a topic. */
    record Lane(boolean control, int partition) implements Comparable<Lane> {
        @Override
        public int compareTo(Lane other) {
            return control == other.control ? Integer.compare(partition, other.partition) : control ? -1 : 1;
        }
    }

    /** Begins without a run; the key is made in the directory. */
    ProvenTopics(Path directory) throws IOException, NoteException {
        this.directory = directory;
        key = directory.resolve("proof.key");
        ProofKeyFile.generate(HOST).create(key);
    }

    /** The public key of the host. */
    String publicKey() throws IOException {
        return ProofKeyFile.read(key, HOST).signer().key().toString();
    }

    /** The key signs the next one, which is used from the next run on. */
    void rotateKey() throws IOException, NoteException {
        ProofKeyFile.read(key, HOST).rotated().replace(key);
    }

    /** The same host with the same history and key, copied as a virtual machine is. */
    ProvenTopics fork(Path copy) throws IOException, NoteException {
        Files.createDirectory(copy);
        ProvenTopics other = new ProvenTopics(copy);
        Files.copy(key, other.key, StandardCopyOption.REPLACE_EXISTING);
        Files.setPosixFilePermissions(other.key, PosixFilePermissions.fromString("rw-------"));
        try (Stream<Path> files = Files.walk(directory.resolve("spool"))) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(directory.relativize(file).toString()));
            }
        }
        Files.setPosixFilePermissions(copy.resolve("spool"), PosixFilePermissions.fromString("rwx------"));
        records.forEach((lane, values) -> other.records.put(lane, new ArrayList<>(values)));
        other.epoch = epoch;
        other.previous = previous;
        return other;
    }

    /** The records of each partition. */
    Map<Lane, List<byte[]>> records() {
        return records;
    }

    /** What happens in a run. */
    enum Fate {
        /** It ends with STOPPED. */
        STOPS,
        /** It ends without. */
        CRASHES,
        /** The broker is away and the spool full, so that the oldest batches give way; then it stops. */
        GIVES_WAY,
        /** The broker refuses a batch for good; then it stops. */
        REFUSED
    }

    /** Plays a run. */
    void run(Fate fate, SplittableRandom random) throws IOException {
        boolean full = fate == Fate.GIVES_WAY;
        epoch += 1_000_000_000_000L;
        try (Metrics metrics = new Metrics();
                Play play = new Play(metrics, full)) {
            play.control(new ControlRecord.Started(
                    "start", new ControlRecord.Settings("0", "digest", "all", "batch", 0), previous, STATE));
            if (previous != null && !previous.clean()) {
                play.control(new ControlRecord.Gap(
                        GapCause.RESTART,
                        new ControlRecord.Lost(
                                new ControlRecord.Owner(
                                        new RunIdentity(HOST, "boot-1", previous.streamEpoch()), "host", "id-host"),
                                ControlRecord.Lost.EVENTS,
                                List.of(),
                                new ControlRecord.Count(null, null, null)),
                        new ControlRecord.Window(1, 2),
                        null));
            }
            int rounds = full ? 60 : 4 + random.nextInt(5);
            for (int round = 0; round < rounds; round++) {
                for (int i = random.nextInt(4); i >= 0; i--) {
                    play.batch(random.nextInt(5), 1 + random.nextInt(full ? 40 : EVENTS));
                }
                if (random.nextInt(3) == 0) {
                    play.control(new ControlRecord.Heartbeat(REPORT, STATE));
                }
                play.settle();
                if (!full || round == rounds - 1) {
                    play.publish(fate == Fate.REFUSED && round == 2);
                }
            }
            if (fate != Fate.CRASHES) {
                play.control(new ControlRecord.Stopped("stop", REPORT, STATE));
                play.settle();
            }
            play.publish(false);
            previous =
                    new ControlRecord.PreviousRun(play.spool.identity().streamEpoch(), "boot-1", fate != Fate.CRASHES);
        }
    }

    private static final ControlRecord.NamespaceState STATE =
            new ControlRecord.NamespaceState(1L << 20, ControlRecord.Sysctls.UNKNOWN, "counted", "synchronized", null);
    private static final ControlRecord.Report REPORT = new ControlRecord.Report(
            new ControlRecord.Received(0, 0, 0, 0, 0),
            new ControlRecord.KernelLosses(0, 0, true),
            null,
            ControlRecord.TableState.UNKNOWN);

    /** One run: its spool thread, and the caller's thread as the publisher. */
    private final class Play implements AutoCloseable {
        final BatchRing ring = new BatchRing();
        final ControlOutbox outbox = new ControlOutbox(ring);
        final Spool spool;
        private final OwnedThread thread;
        private final Map<StreamId, Long> next = new HashMap<>();

        Play(Metrics metrics, boolean full) throws IOException {
            spool = Spool.open(
                    new Spool.Parts(
                            new SpoolConfig(
                                    directory.resolve("spool"),
                                    full ? 300 << 10 : 1L << 30,
                                    64 << 10,
                                    1 << 20,
                                    0,
                                    SpoolConfig.WhenFull.DROP_OLDEST,
                                    new ProofConfig(key, 0)),
                            new Spool.Host(HOST, "boot-1", "node-1"),
                            ring,
                            outbox,
                            OWN,
                            new SpoolMetrics(metrics),
                            new Health()),
                    epoch);
            thread = OwnedThread.looping("spool", spool, 5_000);
            thread.start((name, failure) -> {
                throw new AssertionError(name, failure);
            });
        }

        void batch(int zone, int count) throws IOException {
            StreamId stream = MadeBatches.stream("host", zone);
            long first = next.merge(stream, (long) count, Long::sum) - count;
            assertThat(ring.offer(MadeBatches.decodable(spool.identity(), stream, first, count)))
                    .isTrue();
        }

        void control(ControlRecord record) {
            assertThat(outbox.offerAfterEvents(OWN, record, spool.identity().streamEpoch() / 1_000_000))
                    .isTrue();
        }

        void settle() {
            long until = System.nanoTime() + 10_000_000_000L;
            while (!spool.hasAppendedEverything() && System.nanoTime() - until < 0) {
                LockSupport.parkNanos(100_000);
            }
            assertThat(spool.hasAppendedEverything()).isTrue();
        }

        /** Reads everything and acknowledges it. */
        void publish(boolean refuseOne) throws IOException {
            boolean refuse = refuseOne;
            boolean more = true;
            while (more) {
                more = take(spool.control(), null);
                QueuedBatch batch = spool.events().next();
                if (batch != null && refuse) {
                    refuse = false;
                    assertThat(spool.setAside(batch, "test")).isTrue();
                    spool.events().acknowledge(batch.envelope().number());
                    more = true;
                } else if (batch != null) {
                    more |= take(spool.events(), batch);
                }
            }
        }

        private boolean take(BatchQueue queue, @Nullable QueuedBatch taken) throws IOException {
            boolean any = false;
            for (QueuedBatch batch = taken == null ? queue.next() : taken; batch != null; batch = queue.next()) {
                boolean control = batch.envelope().kind() == BatchEnvelope.CONTROL;
                byte[] prefix = Framing.SINGLE_OBJECT.prefix(control ? Schemas.CONTROL : Schemas.BATCH, 0);
                byte[] value = ByteBuffer.allocate(prefix.length + batch.lengthBytes())
                        .put(prefix)
                        .put(batch.array(), batch.offset(), batch.lengthBytes())
                        .array();
                Lane lane = new Lane(
                        control, control ? 0 : batch.envelope().stream().zone() % PARTITIONS);
                records.computeIfAbsent(lane, added -> new ArrayList<>()).add(value);
                queue.acknowledge(batch.envelope().number());
                any = true;
            }
            return any;
        }

        @Override
        public void close() throws IOException {
            spool.stop();
            assertThat(thread.join(5_000)).isTrue();
            publish(false);
            spool.close();
        }
    }
}
