package dev.ctstream.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.apache.avro.Schema;
import org.junit.jupiter.api.Test;

/** The schemas, and the identities in records. */
class SchemasTest {
    /** Fingerprints change only with the structure of the records. Consumers look up schemas by them. */
    @Test
    void fingerprintsAreThoseOfTheFirstVersion() {
        assertThat(Long.toHexString(Schemas.fingerprint(Schemas.BATCH))).isEqualTo("25094fce59fd8dd9");
        assertThat(Long.toHexString(Schemas.fingerprint(Schemas.FLAT))).isEqualTo("b8b4e3a15effc41e");
        assertThat(Long.toHexString(Schemas.fingerprint(Schemas.CONTROL))).isEqualTo("de650f73c7047a35");
    }

    @Test
    void fingerprintIsCrc64Avro() {
        // From the Avro specification's own test data: fingerprint of "int" is 7275d51a3f395c8f.
        assertThat(Schemas.fingerprint(Schema.create(Schema.Type.INT))).isEqualTo(0x7275d51a3f395c8fL);
    }

    @Test
    void eventIsTheItemTypeOfABatch() {
        assertThat(Schemas.EVENT.getFullName()).isEqualTo("dev.ctstream.record.ConntrackEvent");
    }

    @Test
    void identitiesThatWouldMixStreamsAreRefused() {
        assertThatThrownBy(() -> new RunIdentity("", "boot", 1)).hasMessageContaining("host.id");
        assertThatThrownBy(() -> new StreamId("host", "1", 65_536)).hasMessageContaining("65536");
    }
}
