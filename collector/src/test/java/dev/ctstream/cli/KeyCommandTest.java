package dev.ctstream.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.record.proof.Checkpoint;
import dev.ctstream.record.proof.Hash;
import dev.ctstream.record.proof.NoteKey;
import dev.ctstream.record.proof.NoteSigner;
import dev.ctstream.record.proof.TlogProof;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code proof key}, and what commands say of keys that are not those that they want. */
class KeyCommandTest {
    /** With characters that are not of Base64: what does not decode was quoted once. */
    private static final String HOST = "web-01.example";

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir
    private Path folder;

    private int run(String... arguments) {
        out.reset();
        err.reset();
        return Main.execute(new Console(out, new PrintStream(err, true, UTF_8), Map.of(), false, false), arguments);
    }

    private String out() {
        return out.toString(UTF_8);
    }

    private String err() {
        return err.toString(UTF_8);
    }

    private Path generated(String name) {
        Path file = folder.resolve(name);
        assertThat(run(
                        "proof",
                        "key",
                        "generate",
                        "-D",
                        "host.id=" + HOST,
                        "-D",
                        "kafka.bootstrap.servers=x:1",
                        file.toString()))
                .as(err())
                .isZero();
        return file;
    }

    private void write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    }

    private static String secret(List<String> lines) {
        String line = lines.get(0);
        return line.substring(line.lastIndexOf('+', line.length() - 45) + 1);
    }

    /** Exit code, arguments ({@code @} is the folder, {@code KEY} the text of the private key), and what stderr must contain. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', maxCharsPerColumn = 5000, textBlock = """
            2 | verify --bootstrap-server x:1 --key @/key               | --key @/key: line 1: a private key: keep it secret, and give the public key
            2 | verify --bootstrap-server x:1 --key @/key               | ctstream proof key show FILE
            2 | verify --bootstrap-server x:1 --key @/swapped           | --key @/swapped: line 2: a private key
            2 | verify --bootstrap-server x:1 --key @/damaged           | --key @/damaged: line 1: not a public key of signed notes
            2 | verify --bootstrap-server x:1 --key @/public --checkpoints @/key   | --checkpoints @/key: its last checkpoint has no signature
            2 | verify --bootstrap-server x:1 --key @/public --checkpoints @/blank | --checkpoints @/blank: a line after its text is no signature
            2 | verify --bootstrap-server x:1 --key KEY                 | ENOENT
            2 | proof check --key @/key @/public                        | --key @/key: line 1: a private key
            1 | proof check --key @/public @/key                        | @/key: NOT PROVEN: not a proof
            1 | proof check --key @/public @/proof                      | @/proof: NOT PROVEN: its line 3 is not a hash
            2 | proof export --bootstrap-server x:1 --key @/key --zone 1 @/proofs | ``
            1 | proof key show @/swapped                                | its first line must be the private key
            1 | proof key rotate @/swapped                              | its first line must be the private key
            1 | proof key show @/damaged                                | it does not have two lines
            1 | proof key show @/halves                                 | its second line: not a public key
            1 | proof key show KEY                                      | ENOENT
            2 | proof witness --bootstrap-server x:1 --key @/key --signer @/witness --state @/state | --key @/key: line 1: a private key
            2 | run -D proof.key-file=KEY                               | proof.key-file=PRIVATE+KEY+[hidden] (-D): is a private key; write it to a file
            2 | run -D KEY=1                                            | not a line of the form key=value
            2 | run --config @/key                                      | not a line of the form key=value
            2 | read --bootstrap-server x:1 --command-config @/key      | @/key:1: not a line of the form key=value
            2 | read --bootstrap-server x:1 --schema @/key              | --schema @/key
            2 | topics plan --fleet @/key                               | --fleet @/key
            2 | KEY                                                     | not expected here: PRIVATE+KEY+[hidden]
            """)
    void aPrivateKeyIsNeverPrinted(int exitCode, String arguments, String said) throws Exception {
        List<String> lines = Files.readAllLines(generated("key"));
        write("swapped", lines.get(1) + "\n" + lines.get(0) + "\n");
        write("damaged", lines.get(0).replace("PRIVATE+KEY", "PRIVATE KEY"));
        write(
                "halves",
                lines.get(0) + "\n"
                        + lines.get(0).substring("PRIVATE+KEY+".length()).replace('+', '.') + "\n");
        write("blank", "text\n\n" + lines.get(0) + "\n");
        write("public", lines.get(1) + "\n");
        write("proof", "c2sp.org/tlog-proof@v1\nindex 0\n" + lines.get(0) + "\n\ntext\n");
        NoteSigner witness = NoteSigner.generate("witness.example/w", NoteKey.COSIGNATURE);
        write("witness", witness.secret() + "\n" + witness.key() + "\n");
        String secret = secret(lines);
        assertThat(secret).hasSizeGreaterThanOrEqualTo(44);
        for (String debug : new String[] {"", " --debug"}) {
            String given = arguments.replace("KEY", lines.get(0)).replace("@", folder.toString()) + debug;
            int code = run(given.split(" "));
            assertThat(out() + err())
                    .doesNotContain(secret)
                    .doesNotContain(secret.substring(0, 12))
                    .contains(said == null || said.equals("``") ? "" : said.replace("@", folder.toString()));
            assertThat(code).as(err()).isEqualTo(exitCode);
        }
    }

    /** Nothing of the private key is printed, only its owner may read it, and nothing is replaced but by {@code rotate}. */
    @Test
    void onlyThePublicKeyIsPrinted() throws Exception {
        Path file = generated("key");
        List<String> first = Files.readAllLines(file);
        assertThat(first.get(0)).startsWith("PRIVATE+KEY+ctstream/" + HOST + "+");
        assertThat(out()).isEqualTo(first.get(1) + "\n");
        assertThat(err()).isEmpty();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");

        assertThat(run("proof", "key", "generate", "--witness", "w", file.toString()))
                .isEqualTo(ExitCode.FAILURE);
        assertThat(err()).contains(file + ": it is there already");
        assertThat(Files.readAllLines(file)).isEqualTo(first);

        assertThat(run("proof", "key", "show", file.toString())).isZero();
        assertThat(out()).isEqualTo(first.get(1) + "\n");

        assertThat(run("proof", "key", "rotate", file.toString())).isZero();
        List<String> second = Files.readAllLines(file);
        assertThat(out()).isEqualTo(second.get(1) + "\n").isNotEqualTo(first.get(1) + "\n");
        assertThat(second.get(2)).startsWith("succession ");
        assertThat(Files.readString(file)).doesNotContain(secret(first));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
    }

    @Test
    void theKeyOfAWitnessIsNotRotated() throws Exception {
        Path file = folder.resolve("witness");
        assertThat(run("proof", "key", "generate", "--witness", "w", file.toString()))
                .isZero();
        String before = Files.readString(file);
        assertThat(run("proof", "key", "rotate", file.toString())).isEqualTo(ExitCode.FAILURE);
        assertThat(err()).contains(file + ": it is the key of the witness w, and no key follows that");
        assertThat(Files.readString(file)).isEqualTo(before);
        assertThat(run("proof", "key", "show", file.toString())).isZero();
        Files.writeString(folder.resolve("keys"), out());
        assertThat(run("proof", "check", "--key", folder.resolve("keys").toString(), file.toString()))
                .isEqualTo(ExitCode.USAGE);
        assertThat(err()).contains("line 1: the key of the witness w, which only cosigns; wanted is the key of a host");
    }

    /** A file with holes, whose first bytes are these. */
    private Path sparse(String name, String begin, long bytes) throws IOException {
        Path file = folder.resolve(name);
        try (RandomAccessFile made = new RandomAccessFile(file.toFile(), "rw")) {
            made.setLength(bytes);
            made.write(begin.getBytes(UTF_8));
        }
        return file;
    }

    /** Each bound is for what can be there: the keys of 25 000 hosts, what a witness keeps, the largest batch. */
    @ParameterizedTest
    @CsvSource({"keys,16777216", "checkpoints,102450000", "proof,33554432"})
    void filesAreReadUpToTheirBound(String what, long bound) throws Exception {
        String public1 = Files.readAllLines(generated("key")).get(1) + "\n";
        Files.writeString(folder.resolve("public"), public1);
        for (long bytes : new long[] {bound, bound + 1}) {
            Path file = sparse("file", public1 + "#", bytes);
            String keys = (what.equals("keys") ? file : folder.resolve("public")).toString();
            int code = what.equals("checkpoints")
                    ? run("verify", "--bootstrap-server", "x:1", "--key", keys, "--checkpoints", file.toString())
                    : run(
                            "proof",
                            "check",
                            "--key",
                            keys,
                            (what.equals("proof") ? file : folder.resolve("public")).toString());
            assertThat(code).isNotZero();
            assertThat(err())
                    .contains(
                            bytes > bound
                                    ? "file: longer than " + bound + " bytes"
                                    : what.equals("checkpoints")
                                            ? "file: its last checkpoint has no signature"
                                            : "NOT PROVEN: not a proof");
        }
    }

    /** 8 MiB, the most of batch.max-bytes. */
    @Test
    void theProofOfTheLargestBatchIsRead() throws Exception {
        NoteSigner signer = NoteSigner.generate("ctstream/h", NoteKey.ED25519);
        Files.writeString(folder.resolve("public"), signer.key() + "\n");
        TlogProof proof = TlogProof.of(
                new byte[(8 << 20) + 4096],
                0,
                List.of(),
                new Checkpoint("ctstream/h/b/1", 1, Hash.EMPTY_ROOT).sign(signer));
        Files.writeString(folder.resolve("proof"), proof.format());
        assertThat(run(
                        "proof",
                        "check",
                        "--key",
                        folder.resolve("public").toString(),
                        folder.resolve("proof").toString()))
                .isEqualTo(ExitCode.FAILURE);
        assertThat(err()).contains("NOT PROVEN: the record in it: ");
    }
}
