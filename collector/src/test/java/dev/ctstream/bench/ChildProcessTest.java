package dev.ctstream.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChildProcessTest {
    private static final int CPU = 0;

    @TempDir
    private Path folder;

    @Test
    void killsAProcessThatDoesNotAnswerAndQuotesItsOutput() throws IOException {
        try (ChildProcess silent = ChildProcess.java(Silent.class, CPU, folder, List.of(), List.of())) {
            assertThat(silent.answer().path("ready").asBoolean()).isTrue();
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> silent.ask("anything", 1))
                    .withMessage("Silent has not answered within 1 s; its last output: nothing more to say");
        }
    }

    @Test
    void doesNotWaitForAnEndedProcess() throws IOException {
        try (ChildProcess silent = ChildProcess.java(Silent.class, CPU, folder, List.of(), List.of("end"))) {
            silent.answer();
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(silent::answer)
                    .withMessage("Silent has ended; its last output: nothing more to say");
        }
    }

    @Test
    void aFlightRecordingDoesNotMixWithTheAnswers() throws IOException {
        String recording = "-XX:StartFlightRecording=filename=" + folder.resolve("path.jfr");
        try (ChildProcess silent = ChildProcess.java(Silent.class, CPU, folder, List.of(recording), List.of())) {
            assertThat(silent.answer().path("ready").asBoolean()).isTrue();
        }
    }

    /** Prints one line, then nothing until its stdin ends; with an argument it ends at once. */
    static final class Silent {
        private Silent() {}

        public static void main(String[] arguments) throws IOException {
            System.err.println("nothing more to say");
            System.out.println("{\"ready\":true}");
            if (arguments.length == 0) {
                System.in.transferTo(OutputStream.nullOutputStream());
            }
        }
    }
}
