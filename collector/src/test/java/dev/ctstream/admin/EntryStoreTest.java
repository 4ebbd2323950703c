package dev.ctstream.admin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.netlink.TestJvm;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EntryStoreTest {
    private static final int MANY = 1_000_000;

    @TempDir
    private Path folder;

    private static List<String> sources(int memoryBytes, @Nullable EntryOrder order) throws IOException {
        List<String> sources = new ArrayList<>();
        try (Entries entries = Entries.over(ConntrackTable.over(new Replay(5000)));
                EntryStore store = new EntryStore(order, memoryBytes)) {
            entries.list(EntryFilter.ALL, store::add);
            assertThat(store.count()).isEqualTo(5000);
            store.forEach(entry ->
                    sources.add(Entry.of(entry).key().original().source().getHostAddress()));
            int[] again = new int[1];
            store.forEach(entry -> again[0]++);
            assertThat(again[0]).isEqualTo(5000);
        }
        return sources;
    }

    @ParameterizedTest
    @ValueSource(ints = {1 << 20, 100_000})
    void returnsAllInOrderWithAnyMemoryLimit(int memoryBytes) throws IOException {
        List<String> asDumped = sources(memoryBytes, null);
        assertThat(asDumped).isEqualTo(sources(Integer.MAX_VALUE, null)).hasSize(5000);
        EntryOrder up = EntryOrder.of("source").orElseThrow();
        EntryOrder down = EntryOrder.of("-source").orElseThrow();
        List<String> sorted = sources(memoryBytes, up);
        assertThat(sorted).containsExactlyInAnyOrderElementsOf(asDumped).isSortedAccordingTo(BY_ADDRESS);
        assertThat(sources(memoryBytes, down)).isSortedAccordingTo(BY_ADDRESS.reversed());
    }

    private static final Comparator<String> BY_ADDRESS =
            Comparator.comparing(address -> Stream.of(address.split("\\.", -1))
                    .mapToLong(Long::parseLong)
                    .reduce(0, (value, octet) -> value << 8 | octet));

    @Test
    void everyOrderNameIsValid() {
        for (String name : EntryOrder.NAMES.split(", ", -1)) {
            assertThat(EntryOrder.of(name)).as(name).isPresent();
            assertThat(EntryOrder.of("-" + name)).isPresent();
        }
        assertThat(EntryOrder.of("colour")).isEmpty();
    }

    @Test
    void aMillionEntriesAreListedSortedAndCountedIn48MiB() throws Exception {
        Path out = folder.resolve("out");
        Process process = new ProcessBuilder(TestJvm.command(
                        "-Xmx48m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Djava.io.tmpdir=" + folder,
                        "-cp",
                        System.getProperty("java.class.path"),
                        Replay.class.getName(),
                        Integer.toString(MANY)))
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
        assertThat(Files.readString(out, StandardCharsets.UTF_8)).isEqualTo(MANY + "\n" + MANY + "\n1\n" + MANY + "\n");
        assertThat(process.exitValue()).isZero();
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left.filter(path -> path.toString().endsWith(".tmp"))).isEmpty();
        }
    }
}
