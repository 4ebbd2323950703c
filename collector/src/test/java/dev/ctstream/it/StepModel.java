package dev.ctstream.it;

import dev.ctstream.it.StepSettings.Kind;
import dev.ctstream.netlink.StageClock;
import dev.ctstream.publish.FakeBroker;
import dev.ctstream.publish.SteppedPublisher;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.spool.SpoolConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * One history of a collector from the kernel to the topics, on one thread: a seed decides which stage makes the next
 * step, how time passes, and what kernel, broker and fate do. A stage that waits lets the others run: its wait is a turn.
 * Only the receive loop's system calls, the disk and the network are not the product's own; see the fakes.
 */
final class StepModel implements StageClock {
    private static final long BEGIN_NANOS = 1_795_244_000_000_000_000L;
    private static final long MILLI_NANOS = 1_000_000;
    private static final long SLICE_NANOS = 50 * MILLI_NANOS;
    private static final long REST_NANOS = 3_000 * MILLI_NANOS;
    /** Long enough to close a flow that no dump shows any more. */
    private static final long LONG_REST_NANOS = 25_000 * MILLI_NANOS;

    private static final long REST_MOST_NANOS = 600_000 * MILLI_NANOS;

    private final StepSettings settings;
    private final StepSettings.Sizes sizes;
    private final Path home;
    private final SplittableRandom random;
    private final SplittableRandom publishRandom;
    private final FakeBroker broker;
    private final StepTruth truth = new StepTruth();
    private final StepKernels kernels;
    private final List<String> story = new ArrayList<>();
    private @Nullable SteppedCollector collector;
    private @Nullable RunIdentity identity;
    private long nowNanos = 1;
    private int generation;
    private int turns;
    private boolean calm;
    private boolean killable;
    private boolean dead;
    private boolean dumping;
    private boolean stopping;

    /** The collector's process is killed. */
    private static final class Killed extends Error {
        private static final long serialVersionUID = 1L;

        Killed() {
            super("killed", null, false, false);
        }
    }

    StepModel(StepSettings settings, Path home) {
        this.settings = settings;
        this.home = home;
        sizes = StepSettings.Sizes.of(settings, home.resolve("0"));
        SplittableRandom root = new SplittableRandom(settings.seed());
        random = root.split();
        kernels =
                new StepKernels(root.split(), sizes.socketEvents(), () -> !calm && settings.has(Kind.DUMP_INTERRUPTED));
        publishRandom = root.split();
        broker = new FakeBroker(
                SteppedPublisher.CONTROL, root.split(), settings.fault() == StepSettings.Fault.PRODUCER_STAYS_OPEN);
    }

    int turns() {
        return turns;
    }

    /** What happened to the collector, in words. */
    List<String> story() {
        return story;
    }

    /** Everything that Kafka has, for comparisons. */
    int digest() {
        int digest = 1;
        for (Map.Entry<TopicPartition, List<byte[]>> log : broker.logs().entrySet()) {
            for (byte[] value : log.getValue()) {
                digest = 31 * digest + Arrays.hashCode(value);
            }
        }
        return digest;
    }

    long events() {
        return truth.events();
    }

    /** Plays the history; an exception says what does not hold. */
    void play() throws IOException {
        start();
        while (turns < settings.turns()) {
            guarded(() -> {
                turn();
                if (settings.has(Kind.STOP) && random.nextInt(1500) == 0) {
                    stop();
                    start();
                }
                if (random.nextInt(1200) == 0) {
                    checkNow();
                }
            });
        }
        rest();
    }

    private void checkNow() {
        SteppedCollector running = collector;
        if (running != null && running.unacknowledgedControl() == 0) {
            broker.controlCaughtUp();
        }
        truth.checkNow(broker.logs(), broker.controlRefused());
    }

    /** What kernels and broker have done. */
    Set<Enum<?>> deeds() {
        Set<Enum<?>> deeds = new HashSet<>(broker.deeds());
        deeds.addAll(kernels.deeds());
        if (truth.anyDropped()) {
            deeds.add(StepKernels.Deed.OVERRUN);
        }
        return deeds;
    }

    private interface Action {
        void run() throws IOException;
    }

    private void guarded(Action action) throws IOException {
        try {
            action.run();
        } catch (Killed e) {
            bury();
            guarded(this::start);
        }
    }

    private void tell(String what) {
        story.add(turns + " " + (nowNanos / MILLI_NANOS) + "ms " + what);
    }

    private SpoolConfig spoolConfig() {
        SpoolConfig of = sizes.spool();
        return new SpoolConfig(
                home.resolve(String.valueOf(generation)),
                of.maxBytes(),
                of.segmentBytes(),
                of.controlBytes(),
                of.syncIntervalMillis(),
                of.whenFull());
    }

    private void start() throws IOException {
        dead = false;
        SteppedCollector started = new SteppedCollector(
                new SteppedCollector.Parts(sizes, spoolConfig(), settings.fault(), this, broker, publishRandom, truth),
                identity);
        collector = started;
        identity = started.identity;
        truth.ended(started.identity.streamEpoch(), false);
        tell("start " + started.identity.streamEpoch());
        killable = settings.has(Kind.KILL);
        kernels.subscribeAll();
        for (StepKernels.Kernel kernel : kernels.all()) {
            started.add(kernel.observed(), true);
        }
        started.begin();
    }

    private SteppedCollector running() {
        SteppedCollector running = collector;
        if (running == null) {
            throw new IllegalStateException("no collector");
        }
        return running;
    }

    private void stop() throws IOException {
        tell("stop");
        stopping = true;
        SteppedCollector ending = running();
        boolean clean = ending.stop();
        stopping = false;
        killable = false;
        collector = null;
        truth.ended(ending.identity.streamEpoch(), clean);
        broker.ownerIsGone();
        kernels.unsubscribeAll();
    }

    /** The next run finds the files as the killed one has left them. */
    private void bury() throws IOException {
        tell("killed");
        killable = false;
        dumping = false;
        stopping = false;
        kernels.unsubscribeAll();
        broker.ownerIsGone();
        Path before = home.resolve(String.valueOf(generation));
        Path next = home.resolve(String.valueOf(++generation));
        copy(before, next);
        SteppedCollector killed = running();
        collector = null;
        dead = false;
        killed.bury();
        delete(before);
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path path : (Iterable<Path>) all.sorted()::iterator) {
                Files.copy(path, to.resolve(from.relativize(path).toString()));
            }
        }
        Files.setPosixFilePermissions(to, Files.getPosixFilePermissions(from));
    }

    static void delete(Path directory) throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path path : (Iterable<Path>) all.sorted(Comparator.reverseOrder())::iterator) {
                Files.delete(path);
            }
        }
    }

    /** One step of one stage, or of the world around the collector. */
    private void turn() {
        if (dead) {
            throw new Killed();
        }
        turns++;
        pass(random.nextInt(4) == 0 ? random.nextLong(4 * MILLI_NANOS) : random.nextLong(MILLI_NANOS / 4));
        SteppedCollector running = collector;
        int choice = random.nextInt(100);
        if (choice < 25) {
            if (!calm) {
                kernels.traffic(realtimeNanos());
            }
        } else if (running == null) {
            return;
        } else if (choice < 40) {
            receive(running);
        } else if (choice < 55) {
            spool(running);
        } else if (choice < 70) {
            publish(running);
        } else if (choice < 85) {
            broker.step();
            broker.step();
        } else if (choice < 89) {
            report(running);
        } else if (choice < 94) {
            dump(running);
        } else if (choice < 96 && !calm && settings.has(Kind.LONG_WAIT)) {
            longWait(running);
        } else if (!calm) {
            fate(running);
        }
    }

    private void receive(SteppedCollector running) {
        if (!stopping) {
            running.receive(random.nextInt(8) == 0 ? 3 : 1000);
        }
    }

    private void spool(SteppedCollector running) {
        var unused = running.spool();
    }

    private void report(SteppedCollector running) {
        if (!stopping) {
            running.control.report(nowNanos);
        }
    }

    private void publish(SteppedCollector running) {
        var unused = running.publisher.step();
    }

    private void dump(SteppedCollector running) {
        if (!dumping && !stopping) {
            dumping = true;
            running.control.dump(nowNanos);
            dumping = false;
        }
    }

    /** Time passes while the stages that never wait go on. */
    private void longWait(SteppedCollector running) {
        for (long left = random.nextLong(random.nextInt(8) == 0 ? 8_000 * MILLI_NANOS : 300 * MILLI_NANOS);
                left > 0;
                left -= SLICE_NANOS) {
            pass(Math.min(left, SLICE_NANOS));
            receive(running);
            spool(running);
        }
    }

    private void pass(long nanos) {
        nowNanos += nanos;
    }

    /** What seldom happens. */
    private void fate(SteppedCollector running) {
        int choice = random.nextInt(60);
        if (choice < 6 && settings.has(Kind.BROKER)) {
            FakeBroker.Mood[] moods = FakeBroker.Mood.values();
            FakeBroker.Mood mood = random.nextInt(3) == 0 ? FakeBroker.Mood.WELL : moods[random.nextInt(moods.length)];
            tell("broker " + mood);
            broker.mood(mood);
        } else if (choice < 8 && killable && random.nextInt(2) == 0) {
            dead = true;
            throw new Killed();
        } else if (choice < 11 && settings.has(Kind.NAMESPACES) && !stopping) {
            namespace(running, StepKernels.otherName(random));
        } else if (choice == 11) {
            running.control.requestSnapshot();
        }
    }

    private void namespace(SteppedCollector running, String netns) {
        StepKernels.Kernel there = kernels.other(netns);
        if (there == null) {
            StepKernels.Kernel made = kernels.make(netns);
            tell(made.toString());
            running.add(made.observed(), false);
        } else {
            tell(there + " goes");
            kernels.remove(there);
            running.remove(there.observed());
        }
    }

    /** Nothing disturbs any more: everything comes to rest, and a last run closes what the ones before left open. */
    private void rest() throws IOException {
        calm = true;
        tell("rest");
        guarded(() -> {
            killable = false;
            broker.mood(FakeBroker.Mood.WELL);
            kernels.calm();
            settle(random.nextInt(4) == 0 ? LONG_REST_NANOS : REST_NANOS);
            stop();
            kernels.makeOthers();
            start();
            killable = false;
            settle(REST_NANOS);
            stop();
        });
        truth.checkAtRest(broker.logs(), sizes.batch().lingerMillis() * MILLI_NANOS);
        delete(home);
    }

    private void settle(long restNanos) {
        SteppedCollector running = running();
        long begin = nowNanos;
        while (nowNanos - begin < restNanos || running.unacknowledged() > 0) {
            if (nowNanos - begin > REST_MOST_NANOS) {
                throw new StepTruth.Violation("does not come to rest: unacknowledged=" + running.unacknowledged());
            }
            for (int i = 0; i < 12; i++) {
                turn();
            }
            pass(SLICE_NANOS);
            receive(running);
            spool(running);
        }
    }

    @Override
    public long nanoTime() {
        return nowNanos;
    }

    @Override
    public long realtimeNanos() {
        return BEGIN_NANOS + nowNanos;
    }

    @Override
    public @Nullable Boolean disciplined() {
        return null;
    }

    /** A wait of a stage: the others take a turn, and time passes. */
    @Override
    public void park(Object blocker, long nanos) {
        turn();
        pass(Math.min(nanos, random.nextLong(MILLI_NANOS)));
    }
}
