package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.it.ProvenTopics.Fate;
import dev.ctstream.it.ProvenTopics.Lane;
import dev.ctstream.proof.CheckpointsFile;
import dev.ctstream.proof.Witness;
import dev.ctstream.record.RawRecordReader;
import dev.ctstream.record.proof.Checkpoint;
import dev.ctstream.record.proof.Cosignature;
import dev.ctstream.record.proof.NoteKey;
import dev.ctstream.record.proof.NoteSigner;
import dev.ctstream.record.proof.SignedNote;
import dev.ctstream.record.proof.TrustedKeys;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WitnessTest {
    private static final long NOW = 1_900_000_000_000L;

    @TempDir
    private Path folder;

    private final List<String> said = new ArrayList<>();

    private static List<byte[]> control(ProvenTopics topics) {
        return Objects.requireNonNull(topics.records().get(new Lane(true, 0)));
    }

    private void follow(Witness witness, List<byte[]> records) throws Exception {
        RawRecordReader reader = new RawRecordReader();
        for (byte[] value : records) {
            witness.record(reader.read(value, OptionalLong.empty()), NOW);
        }
    }

    @Test
    void consistentCheckpointsAreCosignedAndForksAndSilenceAreSaid() throws Exception {
        ProvenTopics topics = new ProvenTopics(folder);
        SplittableRandom random = new SplittableRandom(9);
        topics.run(Fate.STOPS, random);
        ProvenTopics fork = topics.fork(folder.resolve("fork"));
        topics.run(Fate.CRASHES, random);
        topics.run(Fate.STOPS, random);
        fork.run(Fate.STOPS, new SplittableRandom(10));
        NoteSigner signer = NoteSigner.generate("witness.example/w", NoteKey.COSIGNATURE);
        TrustedKeys keys = TrustedKeys.parse(topics.publicKey());
        Witness witness = new Witness(keys, signer, List.of(), said::add);
        follow(witness, control(topics));
        assertThat(said).isEmpty();
        assertThat(witness.newest()).hasSize(3);
        for (SignedNote note : witness.newest()) {
            assertThat(Cosignature.time(note, signer.key())).hasValue(NOW / 1000);
        }

        // It begins again with its file, reads the topic again, and then the fork of the second run.
        List<SignedNote> kept = CheckpointsFile.parse(CheckpointsFile.format(witness.newest()));
        assertThat(kept).isEqualTo(witness.newest());
        Witness again = new Witness(keys, signer, kept, said::add);
        follow(again, control(topics));
        assertThat(said).isEmpty();
        follow(again, control(fork));
        assertThat(said).isNotEmpty().anyMatch(text -> text.contains("the log forks") || text.contains("goes back"));

        said.clear();
        again.lookForSilence(NOW, 600_000);
        again.lookForSilence(NOW, 600_000);
        assertThat(said).hasSize(1).allMatch(text -> text.contains("it has signed nothing for"));

        // A topic whose control records are missing in the middle.
        said.clear();
        List<SignedNote> first = kept.stream()
                .sorted(Comparator.comparing(SignedNote::text))
                .limit(1)
                .toList();
        assertThat(Checkpoint.parse(first.get(0).text()).origin()).startsWith("ctstream/host-1/boot-1/");
        Witness late = new Witness(keys, signer, first, said::add);
        List<byte[]> records = control(topics);
        follow(late, records.subList(records.size() / 2, records.size()));
        assertThat(late.newest()).hasSizeGreaterThan(1);
    }
}
