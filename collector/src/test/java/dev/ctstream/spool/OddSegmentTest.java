package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.CheckedBlock;
import dev.ctstream.segment.SegmentReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Segments and positions with good checksums and contents that no collector writes: they are damage like any other. The
 * spool opens, hands out the rest, declares, and goes on; an inspection names them.
 */
class OddSegmentTest {
    private static final int HEADER = 512;
    /** Of each byte; {@code -Dspool.odd.all=true} for more of them. */
    private static final int[] VALUES =
            Boolean.getBoolean("spool.odd.all") ? new int[] {0x7F, 0x80, 0xFF} : new int[] {0xFF};

    @TempDir
    private Path temporary;

    private Path directory = Path.of("");

    @BeforeEach
    void fill() throws IOException {
        directory = temporary.resolve("spool");
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            spool.append(1, 3);
            spool.appendControl();
        }
    }

    private Path events() throws IOException {
        return TestSpool.segments(directory).get(0);
    }

    private Path control() throws IOException {
        return TestSpool.controlSegments(directory).get(0);
    }

    private static void change(Path file, Consumer<ByteBuffer> change) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        change.accept(ByteBuffer.wrap(bytes));
        Files.write(file, bytes);
    }

    /** Changes both copies of a segment's header. */
    private static void header(Path file, Consumer<ByteBuffer> change) throws IOException {
        change(file, bytes -> {
            for (int copy = 0; copy < 2; copy++) {
                ByteBuffer header = bytes.slice(copy * HEADER, HEADER);
                change.accept(header);
                CheckedBlock.seal(header, header.getShort(10) & 0xFFFF, 12);
            }
        });
    }

    /** Changes a frame, and makes its checksums right again. */
    private static void frame(Path file, long offset, Consumer<ByteBuffer> change) throws IOException {
        change(file, bytes -> {
            int at = (int) offset;
            int body = at + 144 + (bytes.getShort(at + 66) & 0xFFFF) + (bytes.getShort(at + 68) & 0xFFFF);
            ByteBuffer frame = bytes.slice(at, bytes.limit() - at);
            change.accept(frame);
            CRC32C crc = new CRC32C();
            crc.update(bytes.duplicate().limit(body + bytes.getInt(at + 8)).position(body));
            bytes.putInt(at + 12, (int) crc.getValue());
            crc.reset();
            crc.update(bytes.duplicate().limit(body).position(at + 8));
            bytes.putInt(at + 4, (int) crc.getValue());
        });
    }

    /** Where the frame with this index begins; -1 = the index frame. */
    private static long frameOffset(Path file, int index) throws IOException {
        try (SegmentReader reader = SegmentReader.open(SpoolFileSystem.HOST, file)) {
            for (int i = 0; index < 0 || i < index; i++) {
                long before = reader.position();
                if (!reader.next()) {
                    assertThat(reader.sealed()).isTrue();
                    return before;
                }
            }
            return reader.position();
        }
    }

    private static void damage(Path directory, boolean isNamed) throws IOException {
        SpoolReport.list(directory);
        SpoolReport report = SpoolReport.verify(directory, (done, all) -> {});
        assertThat(report.whole()).as("%s", report).isEqualTo(!isNamed);
        try (SpoolReader reader = SpoolReader.segments(directory)) {
            while (reader.next()) {
                assertThat(reader.envelope().number()).isPositive();
            }
            assertThat(reader.damagedBytes() > 0 || !reader.unreadable().isEmpty())
                    .as("named to a reader")
                    .isEqualTo(isNamed);
        }
    }

    /** The batches with these numbers come, three more that are appended now, and again after a restart. */
    private void assertGoesOn(List<Long> numbers, boolean isDeclared) throws IOException {
        long last;
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            assertThat(spool.readAll()).isEqualTo(numbers);
            assertThat(spool.gaps().isEmpty()).as("%s", spool.gaps()).isEqualTo(!isDeclared);
            assertThat(spool.gaps()).allSatisfy(gap -> {
                assertThat(gap.cause()).isEqualTo("damage");
                assertThat(gap.count()).isNotNull().isBetween(1L, 1000L);
            });
            spool.append(5, 3);
            List<Long> later = spool.readAll();
            assertThat(later).hasSize(3);
            last = later.get(2);
            spool.acknowledge(last);
            assertThat(spool.spool.events().unacknowledged()).isZero();
        }
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            spool.append(5, 1);
            assertThat(spool.readAll()).containsExactly(last + 1);
            assertThat(spool.gaps()).isEmpty();
        }
    }

    @Test
    void aHeaderWhoseHostIsLongerThanItself() throws IOException {
        header(events(), header -> header.putShort(60, (short) 60_000));
        assertGoesOn(List.of(1L, 2L, 3L), false); // its first batch names the run
    }

    @Test
    void aHeaderWithoutAHost() throws IOException {
        header(events(), header -> header.putShort(60, (short) 0));
        assertGoesOn(List.of(1L, 2L, 3L), false);
    }

    @Test
    void aHeaderOfAnUnknownKind() throws IOException {
        header(events(), header -> header.putInt(56, 9));
        assertGoesOn(List.of(1L, 2L, 3L), false);
    }

    @Test
    void aHeaderOfTheOtherChain() throws IOException {
        header(events(), header -> header.putInt(56, BatchEnvelope.CONTROL));
        damage(directory, true);
        assertGoesOn(List.of(), true);
    }

    @Test
    void aHeaderWhosePositionIsBeyondEverything() throws IOException {
        header(events(), header -> header.putLong(24, Long.MAX_VALUE));
        assertGoesOn(List.of(1L, 2L, 3L), false);
    }

    @Test
    void aHeaderWhosePositionIsFarAhead() throws IOException {
        header(events(), header -> header.putLong(24, 1L << 50));
        damage(directory, true);
        assertGoesOn(List.of(), true);
    }

    @Test
    void aHeaderWithAnImpossibleNumberOfEventsBefore() throws IOException {
        header(events(), header -> header.putLong(48, -5));
        assertGoesOn(List.of(1L, 2L, 3L), false);
    }

    private void oddFrame(Consumer<ByteBuffer> change) throws IOException {
        frame(events(), frameOffset(events(), 1), change);
        damage(directory, true);
        assertGoesOn(List.of(1L, 3L), true);
    }

    @Test
    void aFrameOfAnUnknownKind() throws IOException {
        oddFrame(frame -> frame.putShort(64, (short) 9));
    }

    @Test
    void aFrameOfTheOtherChain() throws IOException {
        oddFrame(frame -> frame.putShort(64, (short) 1).putInt(44, -1).putInt(40, 1));
    }

    @Test
    void anIndexAmongTheBatches() throws IOException {
        oddFrame(frame -> frame.putShort(64, (short) 2));
    }

    @Test
    void aFrameOfAnImpossibleZone() throws IOException {
        oddFrame(frame -> frame.putInt(44, -7));
    }

    @Test
    void aFrameOfAZoneThatIsTooLarge() throws IOException {
        oddFrame(frame -> frame.putInt(44, 65_536));
    }

    @Test
    void aFrameWithTheGreatestNumber() throws IOException {
        oddFrame(frame -> frame.putLong(16, Long.MAX_VALUE));
    }

    @Test
    void aFrameWithANumberFarAhead() throws IOException {
        oddFrame(frame -> frame.putLong(16, 1L << 50));
    }

    @Test
    void aFrameWithANegativeNumber() throws IOException {
        oddFrame(frame -> frame.putLong(16, -1));
    }

    @Test
    void aFrameWithAnImpossibleCount() throws IOException {
        oddFrame(frame -> frame.putInt(40, 0));
    }

    @Test
    void aFrameWithAHugeCount() throws IOException {
        oddFrame(frame -> frame.putInt(40, Integer.MAX_VALUE));
    }

    @Test
    void aFrameWithAHugeSequence() throws IOException {
        oddFrame(frame -> frame.putLong(32, Long.MAX_VALUE - 3));
    }

    @Test
    void aFrameWithEventsBeforeItThatNeverWere() throws IOException {
        oddFrame(frame -> frame.putLong(24, 1L << 50));
    }

    @Test
    void anIndexWithHugeCounts() throws IOException {
        for (long odd : new long[] {Long.MAX_VALUE, -1, 1L << 50}) {
            frame(events(), frameOffset(events(), 3), frame -> {
                int range = 144 + 4; // the first range: its names, zone, first, next, count, batches
                int first = range + 2 + frame.getShort(range) + 2 + 4;
                first += frame.getShort(range + 2 + frame.getShort(range));
                frame.putLong(first + 16, odd).putLong(first + 24, odd);
            });
            try (TestSpool spool =
                    new TestSpool(TestSpool.config(TestSpool.crashed(directory, temporary.resolve("copy" + odd))))) {
                assertThat(spool.readAll()).containsExactly(1L, 2L, 3L);
                assertThat(spool.gaps()).isEmpty();
            }
        }
        assertGoesOn(List.of(1L, 2L, 3L), false);
    }

    @Test
    void anIndexWithMoreRangesThanItHolds() throws IOException {
        frame(events(), frameOffset(events(), 3), frame -> frame.putInt(144, Integer.MAX_VALUE));
        assertGoesOn(List.of(1L, 2L, 3L), false);
    }

    @Test
    void anIndexThatEndsFarAhead() throws IOException {
        frame(
                events(),
                frameOffset(events(), 3),
                frame -> frame.putLong(16, 1L << 50).putLong(24, 1L << 51));
        assertGoesOn(List.of(1L, 2L, 3L), false);
    }

    /** The position of a GAP's frame that claims to give up what is not there yet. */
    @Test
    void aControlFrameThatGivesUpTheFuture() throws IOException {
        frame(
                control(),
                frameOffset(control(), 1),
                frame -> frame.putLong(112, 4)
                        .putLong(120, 30)
                        .putLong(128, 1L << 50)
                        .putLong(136, 1L << 52));
        assertGoesOn(List.of(1L, 2L, 3L), false);
    }

    @Test
    void aControlFrameThatGivesUpBackwards() throws IOException {
        frame(
                control(),
                frameOffset(control(), 1),
                frame -> frame.putLong(112, 4).putLong(120, 30).putLong(128, 2).putLong(136, 10));
        damage(directory, true);
        assertGoesOn(List.of(1L, 2L, 3L), true);
    }

    @Test
    void aControlRecordThatIsNoRecord() throws IOException {
        frame(control(), frameOffset(control(), 1), frame -> {
            int body = 144 + frame.getShort(66) + frame.getShort(68);
            for (int at = body; at < body + frame.getInt(8); at++) {
                frame.put(at, (byte) 0xFF);
            }
        });
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            assertThat(spool.spool.previousRun()).isNotNull().matches(previous -> !previous.clean());
            assertThat(spool.onPublisher(() -> {
                        int records = 0;
                        while (spool.spool.control().next() != null) {
                            records++;
                        }
                        return records;
                    }))
                    .as("whoever reads the topic will say so")
                    .isEqualTo(3);
        }
    }

    /** A text that claims to be 2 GiB long. */
    @Test
    void aControlRecordWithAHugeText() throws IOException {
        frame(control(), frameOffset(control(), 1), frame -> {
            int body = 144 + frame.getShort(66) + frame.getShort(68);
            frame.put(body, new byte[] {(byte) 0xF0, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, 0x0F});
        });
        header(control(), header -> header.putInt(56, 9)); // so that its first frames must name the run, too
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            assertThat(spool.spool.previousRun()).isNotNull();
        }
    }

    private void state(Consumer<ByteBuffer> change) throws IOException {
        change(SpoolDirectory.stateFile(directory), file -> {
            for (int slot = 0; slot < 2; slot++) {
                ByteBuffer bytes = file.slice(slot * 4096, Math.min(4096, file.limit() - slot * 4096));
                change.accept(bytes);
                CheckedBlock.seal(bytes, bytes.getShort(6) & 0xFFFF, 8);
            }
        });
    }

    @Test
    void aPositionWithNegativeNumbersIsNone() throws IOException {
        state(slot -> slot.putLong(20, -4));
        assertGoesOn(List.of(1L, 2L, 3L), false);
    }

    @Test
    void aPositionWithoutAHostIsNone() throws IOException {
        state(slot -> slot.putShort(100, (short) 0));
        assertGoesOn(List.of(1L, 2L, 3L), false);
    }

    @Test
    void aPositionWithALongerHostThanItselfIsNone() throws IOException {
        state(slot -> slot.putShort(100, (short) 60_000));
        assertGoesOn(List.of(1L, 2L, 3L), false);
    }

    @Test
    void aPositionBeyondEverythingIsNone() throws IOException {
        state(slot -> slot.putLong(36, 1L << 55).putLong(44, 1L << 55));
        assertGoesOn(List.of(1L, 2L, 3L), false);
    }

    @Test
    void anAcknowledgedPositionAfterTheNextIsNone() throws IOException {
        state(slot -> slot.putLong(20, 1L << 55).putLong(28, 1L << 55));
        assertGoesOn(List.of(1L, 2L, 3L), false);
    }

    @Test
    void aSegmentOfOneChainInTheDirectoryOfTheOther() throws IOException {
        Files.move(control(), directory.resolve("0000000000000077.segment"));
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            assertThat(spool.readAll()).containsExactly(1L, 2L, 3L);
            assertThat(spool.gaps()).isNotEmpty().noneMatch(DeclaredGap::ofEvents);
            assertThat(directory.resolve("0000000000000077.segment.damaged")).exists();
        }
    }

    /** Every byte of the fixed part of a frame, each with a good checksum. */
    @Test
    void noValueOfAnyByteOfAHeaderEndsInAnException() throws IOException {
        byte[] good = Files.readAllBytes(events());
        byte[] goodControl = Files.readAllBytes(control());
        long frame = frameOffset(events(), 1);
        long controlFrame = frameOffset(control(), 1);
        for (int at = 8; at < 144; at++) {
            if (at >= 12 && at < 16) {
                continue; // the body's checksum
            }
            for (int value : VALUES) {
                int where = at;
                Path copy = TestSpool.crashed(directory, temporary.resolve("byte-" + at + "-" + value));
                try {
                    odd(TestSpool.segments(copy).get(0), frame, where, value);
                    odd(TestSpool.controlSegments(copy).get(0), controlFrame, where, value);
                    SpoolReport.verify(copy, (done, all) -> {});
                    try (TestSpool spool = new TestSpool(TestSpool.config(copy))) {
                        spool.append(5, 1);
                        spool.await("byte " + at + " is " + value, () -> comes(spool, 5));
                    }
                } catch (IOException | RuntimeException e) {
                    throw new AssertionError("byte " + at + " is " + value, e);
                }
            }
        }
        assertThat(events()).hasBinaryContent(good);
        assertThat(control()).hasBinaryContent(goodControl);
    }

    /** Whether a batch of the zone is handed out; what the control records say does not matter. */
    private static boolean comes(TestSpool spool, int zone) throws IOException {
        return spool.onPublisher(() -> {
            BatchQueue control = spool.spool.control();
            for (QueuedBatch record = control.next(); record != null; record = control.next()) {
                control.acknowledge(record.envelope().number());
            }
            BatchQueue events = spool.spool.events();
            for (QueuedBatch batch = events.next(); batch != null; batch = events.next()) {
                if (batch.envelope().stream().zone() == zone) {
                    return true;
                }
            }
            return false;
        });
    }

    private static void odd(Path file, long offset, int at, int value) throws IOException {
        byte[] before = Files.readAllBytes(file);
        try {
            frame(file, offset, frame -> frame.put(at, (byte) value));
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            Files.write(
                    file, Arrays.copyOf(before, before.length)); // its length is beyond the file: no checksum is good
        }
    }

    @Test
    void deadLettersWithOddContentsAreNamed() throws IOException {
        Path letter = directory.resolve("0000000000000000001" + DeadLetters.SUFFIX);
        Files.copy(events(), letter);
        header(letter, header -> header.putInt(56, 9));
        frame(letter, frameOffset(letter, 0), frame -> frame.putInt(44, -7));
        SpoolReport report = SpoolReport.verify(directory, (done, all) -> {});
        assertThat(report.whole()).isFalse();
        assertThatThrownBy(
                        () -> SpoolReader.deadLetters(temporary.resolve("none")).close())
                .hasMessageContaining("does not exist");
    }
}
