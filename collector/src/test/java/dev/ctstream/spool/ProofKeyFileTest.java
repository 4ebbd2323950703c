package dev.ctstream.spool;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ctstream.metrics.Check;
import dev.ctstream.record.proof.KeySuccession;
import dev.ctstream.record.proof.NoteKey;
import dev.ctstream.record.proof.NoteSigner;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProofKeyFileTest {
    private static final String HOST = "web-01.example";

    @TempDir
    private Path temporary;

    private Path folder;
    private Path file;

    @BeforeEach
    void realFolder() throws IOException {
        folder = temporary.toRealPath();
        file = folder.resolve("key");
    }

    /** A host whose files belong to others: what is made is the root user's, the key is that of user 997. */
    private static final class Owned extends SpoolFileSystem {
        private final List<String> calls = new ArrayList<>();
        private final String denied;

        private Owned(String denied) {
            this.denied = denied;
        }

        @Override
        @Nullable
        Facts facts(Path path) throws IOException {
            Facts facts = super.facts(path);
            if (facts == null) {
                return null;
            }
            boolean ours = path.toString().endsWith(".new");
            return new Facts(
                    ours ? 0 : 997, ours ? 0 : 996, facts.mode(), facts.directory(), facts.link(), facts.key());
        }

        @Override
        void setOwner(Path path, String which, int id) throws IOException {
            if (denied.contains(which)) {
                throw new FileSystemException(path.toString(), null, "Operation not permitted");
            }
            calls.add(which + " " + id + " of " + path.getFileName() + ", bytes: " + Files.size(path));
        }

        @Override
        void rename(Path path, Path newPath) throws IOException {
            calls.add("rename");
            super.rename(path, newPath);
        }
    }

    @Test
    void aReplacedKeyKeepsTheUserThatReadsIt() throws Exception {
        ProofKeyFile.generate(HOST).create(file);
        Owned files = new Owned("");
        ProofKeyFile next = ProofKeyFile.read(file).rotated();
        next.replace(files, file);
        assertThat(files.calls)
                .containsExactly("uid 997 of key.new, bytes: 0", "gid 996 of key.new, bytes: 0", "rename");
        assertThat(ProofKeyFile.read(file).signer().key())
                .isEqualTo(next.signer().key());
    }

    /** Else the user that read the file until now could not any more. */
    @Test
    void aFileOfAnotherUserIsNotReplacedWithoutThePrivilege() throws Exception {
        ProofKeyFile.generate(HOST).create(file);
        NoteKey key = ProofKeyFile.read(file).signer().key();
        ProofKeyFile next = ProofKeyFile.read(file).rotated();
        assertThatThrownBy(() -> next.replace(new Owned("uid"), file)).hasMessageContaining("not permitted");
        assertThat(ProofKeyFile.read(file).signer().key()).isEqualTo(key);
        next.replace(new Owned("gid"), file); // a group may do nothing with it
        assertThat(ProofKeyFile.read(file).signer().key())
                .isEqualTo(next.signer().key());
    }

    @Test
    void aKeyIsOnDiskBeforeItIsPrinted() throws Exception {
        RecordedFiles files = new RecordedFiles(folder);
        ProofKeyFile first = ProofKeyFile.generate(HOST);
        first.create(files, file);
        assertThat(files.calls())
                .map(RecordedFiles.Call::toString)
                .containsExactly("create key", "write key", "sync key", "sync-directory ");
        files.forget();
        first.rotated().replace(files, file);
        assertThat(files.calls())
                .map(RecordedFiles.Call::toString)
                .containsExactly(
                        "delete key.new",
                        "create key.new",
                        "write key.new",
                        "sync key.new",
                        "rename key",
                        "sync-directory ");
    }

    /** The mode is there before the bytes. */
    @Test
    void nobodyElseCanEverReadIt() throws Exception {
        RecordedFiles files = new RecordedFiles(folder);
        List<String> seen = new ArrayList<>();
        files.before(call -> {
            try {
                if (call.what().equals("write")) {
                    Path written = folder.resolve(call.file());
                    seen.add(Files.size(written) + " "
                            + PosixFilePermissions.toString(Files.getPosixFilePermissions(written)));
                }
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
        ProofKeyFile first = ProofKeyFile.generate(HOST);
        first.create(files, file);
        first.rotated().replace(files, file);
        assertThat(seen).containsExactly("0 rw-------", "0 rw-------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
    }

    @Test
    void theOldKeyDoesNotStayBehindALink() throws Exception {
        Files.createDirectories(folder.resolve("secret"));
        Path target = folder.resolve("secret/key");
        ProofKeyFile first = ProofKeyFile.generate(HOST);
        first.create(target);
        Files.createSymbolicLink(file, Path.of("secret/key"));
        ProofKeyFile next = ProofKeyFile.read(file).rotated();
        next.replace(file);
        assertThat(Files.readSymbolicLink(file)).isEqualTo(Path.of("secret/key"));
        assertThat(Files.readString(target))
                .contains(next.signer().secret())
                .doesNotContain(first.signer().secret());
        try (var files = Files.walk(folder)) {
            assertThat(files.filter(path -> Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)))
                    .containsExactly(target);
        }
    }

    @Test
    void aNewKeyReplacesNothing() throws Exception {
        Files.writeString(file, "mine");
        assertThatThrownBy(() -> ProofKeyFile.generate(HOST).create(file))
                .isInstanceOf(ProofKeyFile.Unusable.class)
                .hasMessageContaining("it is there already; give another name");
        assertThat(file).hasContent("mine");
        Path link = folder.resolve("link");
        Files.createSymbolicLink(link, Path.of("nothing"));
        assertThatThrownBy(() -> ProofKeyFile.generate(HOST).create(link)).hasMessageContaining("it is there already");
        assertThat(link).isSymbolicLink();
    }

    @Test
    void theKeyOfAWitnessIsNoHostsAndHasNoNext() throws Exception {
        NoteSigner signer = NoteSigner.generate("ctstream/" + HOST, NoteKey.COSIGNATURE);
        ProofKeyFile witness = new ProofKeyFile(signer, List.of());
        witness.create(file);
        assertThatThrownBy(() -> ProofKeyFile.read(file, HOST))
                .hasMessageContaining(
                        "it is the key of the witness ctstream/" + HOST + ", wanted is the key of a host");
        assertThatThrownBy(witness::rotated)
                .hasMessageStartingWith("it is the key of the witness ctstream/" + HOST + ", and no key follows that");
        assertThat(ProofKeyFile.read(file).signer().key()).isEqualTo(signer.key());
    }

    @Test
    void rotatingTwiceIsFollowedFromTheFirst() throws Exception {
        ProofKeyFile first = ProofKeyFile.generate(HOST);
        first.create(file);
        ProofKeyFile.read(file, HOST).rotated().replace(file);
        ProofKeyFile.read(file, HOST).rotated().replace(file);
        ProofKeyFile third = ProofKeyFile.read(file, HOST);
        assertThat(third.successions()).hasSize(2);
        assertThat(KeySuccession.parse(third.successions().get(0)).from())
                .isEqualTo(first.signer().key());
        assertThat(KeySuccession.parse(third.successions().get(1)).to())
                .isEqualTo(third.signer().key());
    }

    /** The report of doctor, and what a bundle has of it. */
    @Test
    void noCheckQuotesThePrivateKey() throws Exception {
        NoteSigner signer = ProofKeyFile.generate(HOST).signer();
        String secret = signer.secret()
                .substring(signer.secret().lastIndexOf('+', signer.secret().length() - 45) + 1);
        for (String text : List.of(
                signer.key() + "\n" + signer.secret() + "\n",
                signer.secret() + "\n" + signer.secret() + "\n",
                signer.secret() + "\n" + signer.secret().substring("PRIVATE+KEY+".length()) + "\n",
                signer.secret() + "\n" + signer.key() + "\n" + signer.secret() + "\n",
                signer.secret() + "\n" + signer.key() + "\nsuccession " + signer.secret() + "\n",
                signer.secret())) {
            Files.write(file, text.getBytes(UTF_8));
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
            Check check = ProofKeyFile.check(new ProofConfig(file, 10), HOST);
            assertThat(check.toString()).contains("FAIL").doesNotContain(secret.substring(0, 12));
            assertThatThrownBy(() -> ProofKeyFile.read(file, HOST))
                    .isInstanceOf(ProofKeyFile.Unusable.class)
                    .message()
                    .doesNotContain(secret.substring(0, 12));
        }
    }
}
