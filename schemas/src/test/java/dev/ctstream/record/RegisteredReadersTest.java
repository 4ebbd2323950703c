package dev.ctstream.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.apache.avro.Schema;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RegisteredReadersTest {
    private static final String SUBJECT = "conntrack.events-value";
    private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(5);

    private RegistryStandIn server;
    private RegisteredReaders<Schema> readers;
    private long nanos;
    private boolean unusable;

    @BeforeEach
    void start() throws IOException {
        server = new RegistryStandIn();
        readers = new RegisteredReaders<>(this::read, () -> nanos);
        readers.use(server.client());
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Schema read(Schema written) throws RecordException {
        if (unusable) {
            throw new RecordException("no reader");
        }
        return written;
    }

    @Test
    void anIdIsAskedForOnce() throws Exception {
        int id = server.add(SUBJECT, Schemas.BATCH.toString());
        assertThat(readers.of(id)).isEqualTo(Schemas.BATCH);
        assertThat(readers.of(id)).isEqualTo(Schemas.BATCH);
        assertThat(server.requests).hasSize(1);
    }

    @Test
    void anUnknownIdIsAskedForAgainAfterAWhile() throws Exception {
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(() -> readers.of(1)).hasMessageContaining("has no schema id 1");
        }
        assertThat(server.requests).hasSize(1);
        server.add(SUBJECT, Schemas.BATCH.toString());
        nanos += RETRY_NANOS - 1;
        assertThatThrownBy(() -> readers.of(1)).hasMessageContaining("has no schema id 1");
        nanos++;
        assertThat(readers.of(1)).isEqualTo(Schemas.BATCH);
    }

    @Test
    void aSchemaWithoutAReaderStaysWithoutOne() {
        int id = server.add(SUBJECT, Schemas.BATCH.toString());
        unusable = true;
        assertThatThrownBy(() -> readers.of(id)).hasMessage("no reader");
        unusable = false;
        nanos += 2 * RETRY_NANOS;
        assertThatThrownBy(() -> readers.of(id)).hasMessage("no reader");
        assertThat(server.requests).hasSize(1);
    }
}
