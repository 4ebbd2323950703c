package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/**
 * Every image that a crash or a power loss may leave of every short history, see {@link CrashModel}; and planted faults,
 * each of which must be found.
 *
 * <p>{@code -Dcrash.history=edsa} plays one history, {@code -Dcrash.seeds=10000} that many random ones of {@value #LONG}
 * steps from {@code -Dtest.seed} on, {@code -Dcrash.images=1000000} ends them when so many images were recovered, and
 * {@code -Dcrash.seconds=600} gives more time to the longer of the short ones.
 */
class CrashStatesTest {
    private static final String HISTORY = System.getProperty("crash.history", "");
    private static final CrashFault FAULT = CrashFault.valueOf(System.getProperty("crash.fault", "NONE"));
    private static final int SEEDS = Integer.getInteger("crash.seeds", 0);
    private static final long IMAGES_MOST = Long.getLong("crash.images", Long.MAX_VALUE);
    private static final long SEED = Long.getLong("test.seed", 1);
    private static final int SECONDS = Integer.getInteger("crash.seconds", 25);
    private static final int LONG = 12;
    private static final int IMAGES_LEAST = 20_000;
    private static final int RANDOM_LEAST = 60;

    @BeforeAll
    static void silence() {
        ((Logger) LoggerFactory.getLogger("dev.ctstream")).setLevel(Level.OFF); // each image makes dozens of lines
    }

    @AfterAll
    static void speak() {
        ((Logger) LoggerFactory.getLogger("dev.ctstream")).setLevel(null);
    }

    @Test
    void recoveryIsRightWhateverACrashLeaves() throws Exception {
        CrashModel model = new CrashModel(FAULT);
        long began = System.nanoTime();
        long until = began + TimeUnit.SECONDS.toNanos(SECONDS);
        int wanted;
        if (!HISTORY.isEmpty()) {
            wanted = play(model, 1, one -> CrashStep.history(HISTORY), Long.MAX_VALUE);
        } else if (SEEDS > 0) {
            wanted = play(model, SEEDS, CrashStatesTest::random, Long.MAX_VALUE);
        } else {
            List<List<CrashStep>> histories = shortOnes();
            wanted = play(model, histories.size(), histories::get, until);
            assertThat(model.images()).as("images, distinct by content").isGreaterThanOrEqualTo(IMAGES_LEAST);
        }
        double seconds = (System.nanoTime() - began) / 1e9;
        System.out.printf(
                "crash states: %d images, %d of them distinct, %d recoveries, of %d histories (of %d) in %.1f s;"
                        + " %.0f images a minute; slowest start %.0f ms%n",
                model.made(),
                model.images(),
                model.recoveries(),
                model.histories(),
                wanted,
                seconds,
                model.made() / seconds * 60,
                model.slowestStartMillis());
    }

    /**
     * All histories of up to three steps, the shorter ones first; some random ones between them; and as the time allows,
     * those of four and five of the steps that write.
     */
    private static List<List<CrashStep>> shortOnes() {
        List<CrashStep> all = List.of(CrashStep.values());
        List<List<CrashStep>> histories = new ArrayList<>(CrashStep.histories(all, 1));
        histories.addAll(CrashStep.histories(all, 2));
        IntStream.range(0, RANDOM_LEAST).mapToObj(CrashStatesTest::random).forEach(histories::add);
        histories.addAll(CrashStep.histories(CrashStep.WRITING, 3));
        histories.addAll(CrashStep.histories(all, 3));
        histories.addAll(CrashStep.histories(CrashStep.WRITING, 4));
        histories.addAll(CrashStep.histories(CrashStep.WRITING, 5));
        return histories;
    }

    /** The history of a seed. */
    private static List<CrashStep> random(int index) {
        CrashStep[] steps = CrashStep.values();
        return new SplittableRandom(SEED + index)
                .ints(LONG, 0, steps.length)
                .mapToObj(step -> steps[step])
                .toList();
    }

    /** Plays histories on all processors, until the time is over and there are images enough; returns their number. */
    private static int play(CrashModel model, int count, IntFunction<List<CrashStep>> histories, long untilNanos)
            throws Exception {
        AtomicInteger next = new AtomicInteger();
        int threads = Runtime.getRuntime().availableProcessors();
        ExecutorService players = Executors.newFixedThreadPool(threads);
        try {
            List<Future<?>> playing = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                playing.add(players.submit(() -> {
                    for (int at = next.getAndIncrement();
                            at < count && goesOn(model, untilNanos);
                            at = next.getAndIncrement()) {
                        playOne(model, histories.apply(at));
                    }
                    return null;
                }));
            }
            for (Future<?> one : playing) {
                one.get();
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof AssertionError failure) {
                throw failure;
            }
            throw e;
        } finally {
            players.shutdownNow();
        }
        return count;
    }

    private static boolean goesOn(CrashModel model, long untilNanos) {
        return untilNanos == Long.MAX_VALUE
                ? model.recoveries() < IMAGES_MOST
                : System.nanoTime() - untilNanos < 0 || model.images() < IMAGES_LEAST;
    }

    /** An error says how to repeat the history, and the shortest one that still fails. */
    private static void playOne(CrashModel model, List<CrashStep> history) throws IOException {
        try {
            model.play(history);
        } catch (CrashCheck.Broken | AssertionError e) {
            List<CrashStep> least = shortest(FAULT, history);
            Throwable last = failure(FAULT, least);
            throw new AssertionError(
                    e.getMessage() + "\nrepeat: " + command(history) + "\nshortest: " + command(least) + ": "
                            + (last == null ? "fails only among others" : last.getMessage()),
                    e);
        }
    }

    private static String command(List<CrashStep> history) {
        return "mvn -pl collector -am test -Dtest=CrashStatesTest#recovery* -Dsurefire.failIfNoSpecifiedTests=false"
                + " -Dcrash.history=" + CrashStep.letters(history)
                + (FAULT == CrashFault.NONE ? "" : " -Dcrash.fault=" + FAULT);
    }

    /** Leaves out steps as long as the history still fails. */
    private static List<CrashStep> shortest(CrashFault fault, List<CrashStep> failing) throws IOException {
        List<CrashStep> history = failing;
        for (int i = history.size() - 1; i >= 0 && history.size() > 1; i--) {
            List<CrashStep> fewer = new ArrayList<>(history);
            fewer.remove(i);
            if (failure(fault, fewer) != null) {
                history = fewer;
                i = history.size(); // from the end again
            }
        }
        return history;
    }

    private static @Nullable Throwable failure(CrashFault fault, List<CrashStep> history) throws IOException {
        return failure(new CrashModel(fault), history);
    }

    private static @Nullable Throwable failure(CrashModel model, List<CrashStep> history) throws IOException {
        try {
            model.play(history);
            return null;
        } catch (CrashCheck.Broken | AssertionError e) {
            return e;
        }
    }

    @Test
    void aFailingHistoryIsShortened() throws IOException {
        assertThat(CrashStep.letters(shortest(CrashFault.STOPPED_AT_ZERO, CrashStep.history("eochz"))))
                .isEqualTo("z");
    }

    @ParameterizedTest
    @EnumSource(names = "NONE", mode = EnumSource.Mode.EXCLUDE)
    void aPlantedFaultIsFound(CrashFault fault) throws IOException {
        List<CrashStep> history = CrashStep.history(history(fault));
        long began = System.nanoTime();
        CrashModel model = new CrashModel(fault);
        Throwable found = failure(model, history);
        System.out.printf(
                "planted %s: found with history=%s steps=%d images=%d seconds=%.1f: %s%n",
                fault,
                CrashStep.letters(history),
                history.size(),
                model.made(),
                (System.nanoTime() - began) / 1e9,
                found == null ? "NO" : found.getMessage());
        assertThat(found).as("planted: %s", fault).isInstanceOf(CrashCheck.Broken.class);
        assertThat(failure(CrashFault.NONE, history)).as("without the fault").isNull();
    }

    /** The shortest history in which a fault shows. */
    private static String history(CrashFault fault) {
        return switch (fault) {
            case GAP_NOT_SYNCED,
                    UNLINKED_BEFORE_SYNC,
                    CONTROL_ENTRIES_NOT_SYNCED,
                    GIVES_UP_IGNORED,
                    EVENT_NUMBERS_AGAIN -> "d";
            case UNLINKED_AFTER_HANDOVER -> "da";
            case RENAMED_BEFORE_SYNCED, POSITION_NOT_SYNCED, POSITION_IGNORED -> "e";
            case EPOCH_NOT_RISING -> "a";
            case CONTROL_NUMBERS_AGAIN -> "s";
            case STOPPED_AT_ZERO -> "z";
            case ACKNOWLEDGED_EARLY -> "en";
            case LOG_INDEX_KEPT -> "fc";
            case REWOUND_TOO_SHORT -> "eowas";
            case REWOUND_TOO_FAR -> "eaewo";
            case CONTROL_DELETED_EARLY -> "eoexcccos";
            case NONE -> "";
        };
    }
}
