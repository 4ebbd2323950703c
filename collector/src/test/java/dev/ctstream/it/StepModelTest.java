package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.ctstream.it.StepSettings.Fault;
import dev.ctstream.it.StepSettings.Kind;
import dev.ctstream.publish.FakeBroker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/**
 * The whole pipeline against random histories, see {@link StepModel}; and planted faults, each of which must be found.
 *
 * <p>{@code -Dmodel.histories=N} plays more; {@code -Dmodel.seed=N} plays one.
 */
class StepModelTest {
    private static final int TURNS = 3_000;
    private static final int HISTORIES = Integer.getInteger("model.histories", 8);
    /** In so many histories, everything that kernels and broker can do has happened. */
    private static final int HISTORIES_FOR_ALL = 8;

    private static final long FIRST = Long.getLong("model.first", 1);
    /** Histories in which a planted fault must show. */
    private static final int PLANTED_MOST = 60;

    @BeforeAll
    static void silence() {
        ((Logger) LoggerFactory.getLogger("dev.ctstream")).setLevel(Level.OFF); // each history makes hundreds of lines
    }

    @AfterAll
    static void speak() {
        ((Logger) LoggerFactory.getLogger("dev.ctstream")).setLevel(null);
    }

    private static Path temporary() throws IOException {
        Path memory = Path.of("/dev/shm");
        return Files.isWritable(memory)
                ? Files.createTempDirectory(memory, "ctstream-model-")
                : Files.createTempDirectory("ctstream-model-");
    }

    /** The exception that a history ends with; null = everything holds. */
    private static @Nullable Throwable play(StepSettings settings, List<StepModel> played) throws IOException {
        Path home = temporary();
        StepModel model = new StepModel(settings, home);
        played.clear();
        played.add(model);
        try {
            model.play();
            return null;
        } catch (RuntimeException | AssertionError | StackOverflowError e) {
            return e;
        } finally {
            if (Files.exists(home)) {
                StepModel.delete(home);
            }
        }
    }

    private static StepSettings asked(long seed) {
        Set<Kind> without = EnumSet.noneOf(Kind.class);
        for (String name : System.getProperty("model.without", "").split(",", -1)) {
            if (!name.isEmpty()) {
                without.add(Kind.valueOf(name));
            }
        }
        return new StepSettings(
                seed,
                Integer.getInteger("model.turns", TURNS),
                without,
                Fault.valueOf(System.getProperty("model.fault", "NONE")));
    }

    @Test
    void everythingThatTheKernelOfferedIsInTheTopicsOrDeclared() throws IOException {
        Long one = Long.getLong("model.seed");
        List<StepModel> played = new ArrayList<>();
        long begin = System.nanoTime();
        long turns = 0;
        long events = 0;
        Set<Enum<?>> deeds = new HashSet<>();
        int count = one == null ? HISTORIES : 1;
        for (int i = 0; i < count; i++) {
            StepSettings settings = asked(one == null ? FIRST + i : one);
            Throwable failure = play(settings, played);
            if (failure != null) {
                throw new AssertionError(shortened(settings, failure, played), failure);
            }
            turns += played.get(0).turns();
            events += played.get(0).events();
            deeds.addAll(played.get(0).deeds());
        }
        double seconds = (System.nanoTime() - begin) / 1e9;
        System.out.printf(
                "step model: histories=%d seeds=%d..%d steps=%d events=%d seconds=%.1f steps_per_second=%.0f"
                        + " kernels and broker: %s%n",
                count, FIRST, FIRST + count - 1, turns, events, seconds, turns / seconds, deeds);
        if (count >= HISTORIES_FOR_ALL) {
            assertThat(deeds).contains(StepKernels.Deed.values()).contains(FakeBroker.Deed.values());
        }
    }

    /** The spool took the STOPPED of the run before for that of the killed run: its loss had no GAP of cause restart. */
    @Test
    void aRunThatIsKilledBeforeItsStartedIsAppendedIsDeclared() throws IOException {
        StepSettings found = StepSettings.of(160, 1797)
                .but(Kind.NAMESPACES)
                .but(Kind.OVERRUN)
                .but(Kind.SMALL_RING)
                .but(Kind.SMALL_SPOOL)
                .but(Kind.DUMP_INTERRUPTED);
        assertThat(play(found, new ArrayList<>())).isNull();
    }

    /**
     * Seeds that have failed: events after a loss reached Kafka before its GAP; a run without records broke the chain of
     * runs for {@code verify}; two of the model's own, several kills in a row; a window of a GAP of cause restart that
     * began after events that had waited before the ring; and events that were given up while they were in flight, and
     * arrived after later ones; events that passed a rejected batch before Kafka had its GAP; and a snapshot that {@code
     * verify} compared although events of it were declared, because as many later ones were there.
     */
    @ParameterizedTest
    @ValueSource(longs = {10, 160, 364, 1115, 931, 2545, 3354, 3766})
    void aHistoryThatOnceFailedHolds(long seed) throws IOException {
        assertThat(play(StepSettings.of(seed, TURNS), new ArrayList<>())).isNull();
    }

    @Test
    void oneSeedIsOneHistory() throws IOException {
        List<StepModel> played = new ArrayList<>();
        assertThat(play(asked(7), played)).isNull();
        StepModel first = played.get(0);
        assertThat(play(asked(7), played)).isNull();
        assertThat(played.get(0).digest()).isEqualTo(first.digest());
        assertThat(played.get(0).story()).isEqualTo(first.story());
    }

    @ParameterizedTest
    @EnumSource(names = "NONE", mode = EnumSource.Mode.EXCLUDE)
    void aPlantedFaultIsFound(Fault fault) throws IOException {
        long begin = System.nanoTime();
        List<StepModel> played = new ArrayList<>();
        for (long seed = firstSeed(fault); seed <= PLANTED_MOST; seed++) {
            StepSettings settings = StepSettings.of(seed, TURNS);
            if (fault == Fault.TAIL_UNMARKED) {
                settings = settings.but(Kind.KILL); // which hides what was lost at the end
            }
            Throwable found = play(settings.planted(fault), played);
            int turns = played.get(0).turns();
            if (found != null && play(settings, played) == null) {
                System.out.printf(
                        "planted %s: found with seed=%d steps=%d seconds=%.1f: %s%n",
                        fault,
                        seed,
                        turns,
                        (System.nanoTime() - begin) / 1e9,
                        String.valueOf(found.getMessage()).lines().findFirst().orElse(""));
                assertThat(found).isInstanceOf(StepTruth.Violation.class);
                return;
            }
        }
        throw new AssertionError("the planted fault was not found: " + fault);
    }

    /** The first seed that is known to show a fault; a change of the product may let it show in a later one. */
    private static long firstSeed(Fault fault) {
        return switch (fault) {
            case PRODUCER_STAYS_OPEN -> 26;
            case STOPPED_AT_ZERO -> 14;
            case HOLE_BEFORE_GAP -> 10;
            case RING_FORGETS -> 3;
            default -> 1;
        };
    }

    /** Says how to repeat a failure, in the shortest history that still fails. */
    private static String shortened(StepSettings failing, Throwable failure, List<StepModel> played)
            throws IOException {
        StepSettings least = failing;
        Throwable last = failure;
        List<String> story = played.get(0).story();
        for (Kind kind : Kind.values()) {
            StepSettings fewer = least.but(kind);
            Throwable again = least.has(kind) ? play(fewer, played) : null;
            if (again != null) {
                least = fewer;
                last = again;
                story = played.get(0).story();
            }
        }
        for (int turns = 50; turns < least.turns(); turns += Math.max(25, turns / 4)) {
            Throwable again = play(least.turns(turns), played);
            if (again != null) {
                least = least.turns(turns);
                last = again;
                story = played.get(0).story();
            }
        }
        return "seed " + failing.seed() + ": " + failure.getMessage()
                + "\nrepeat: mvn -pl collector -am test -Dtest=StepModelTest#everything* -Dsurefire.failIfNoSpecifiedTests=false "
                + failing.properties()
                + "\nshortest: " + least.properties() + ": " + last.getMessage() + "\n" + String.join("\n", story);
    }
}
