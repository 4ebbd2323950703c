package dev.ctstream.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When a measurement begins and ends. */
class SampleTest {
    private static final int CPU = 0;
    private static final int LINGER_MILLIS = 1;

    @TempDir
    private Path folder;

    @Test
    void endsOnlyAfterTheLastAcknowledgementEvenIfTheSpoolIsEmpty() throws Exception {
        ChildProcess process = ChildProcess.java(Late.class, CPU, folder, List.of(), List.of());
        try (RunningReader reader = new RunningReader(process, true, LINGER_MILLIS)) {
            Sample before = Sample.before(reader, null);
            assertThat(before.inFlight()).isZero();
            Map<String, Double> values = Sample.after(reader, null).values(before, null);
            assertThat(values)
                    .containsEntry("acknowledged_events", 1024.0)
                    .containsEntry(Measurement.UNACKNOWLEDGED, 0.0);
        }
    }

    /** A collector with an empty spool whose last batch is still in the ring, then with the producer, then with Kafka. */
    static final class Late {
        private Late() {}

        public static void main(String[] arguments) throws IOException {
            int marks = 0;
            System.out.println("{}"); // it is complete
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                ObjectNode answer = JsonNodeFactory.instance.objectNode();
                switch (line) {
                    case "pending" -> answer.put("pending", 0);
                    case "begin" -> counters(answer, 512, 512, 0);
                    default -> {
                        marks++;
                        counters(answer, 1536, marks < 3 ? 1024 : 1536, marks < 2 ? 1 : 0);
                    }
                }
                System.out.println(answer);
            }
        }

        private static void counters(ObjectNode answer, int encoded, int acknowledged, int inRing) {
            answer.putObject("counters")
                    .put("ctstream_batch_encoded_events_total", encoded)
                    .put("ctstream_batch_closed_total", encoded / 512)
                    .put("ctstream_batch_ring_waiting", inRing)
                    .put("ctstream_spool_unacknowledged_batches", 0)
                    .put("ctstream_publish_acknowledged_events_total", acknowledged);
        }
    }
}
