package dev.ctstream.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ctstream.record.RawRecordReader;
import dev.ctstream.record.proof.NoteException;
import dev.ctstream.record.proof.NoteKey;
import dev.ctstream.record.proof.NoteSigner;
import dev.ctstream.record.proof.TrustedKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The example of {@code docs/proof.md}, a batch that an earlier build has exported. */
class ProvenRecordTest {
    private static final Path EXAMPLE = Path.of("src/test/resources/proof");

    private static String proof() throws IOException {
        return Files.readString(EXAMPLE.resolve("example.tlog-proof"));
    }

    private static ProvenRecord check(String proof, String keys) throws NoteException {
        return ProvenRecord.check(proof, TrustedKeys.parse(keys), new RawRecordReader());
    }

    @Test
    void theExampleIsProven() throws Exception {
        ProvenRecord proven = check(proof(), Files.readString(EXAMPLE.resolve("example.key")));
        assertThat(proven.leaf().index()).isEqualTo(6);
        assertThat(proven.leaf().count()).isEqualTo(6);
        assertThat(proven.checkpoint().size()).isEqualTo(8);
    }

    @Test
    void aChangedCharacterOrAnotherKeyProvesNothing() throws Exception {
        String key = Files.readString(EXAMPLE.resolve("example.key"));
        String proof = proof();
        SplittableRandom random = new SplittableRandom(4);
        for (int i = 0; i < 500; i++) {
            int at = random.nextInt(proof.length());
            char was = proof.charAt(at);
            char other = was == 'A' ? 'B' : 'A';
            boolean unused = was == '=' || (at + 1 < proof.length() && proof.charAt(at + 1) == '='); // of Base64
            if (!unused) {
                String changed = proof.substring(0, at) + other + proof.substring(at + 1);
                assertThatThrownBy(() -> check(changed, key)).as("%d", at).isInstanceOf(NoteException.class);
            }
        }
        String stranger =
                NoteSigner.generate("ctstream/host-1", NoteKey.ED25519).key().toString();
        assertThatThrownBy(() -> check(proof, stranger)).hasMessageContaining("no key of ctstream/host-1");
    }
}
