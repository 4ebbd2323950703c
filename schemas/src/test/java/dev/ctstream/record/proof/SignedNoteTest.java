package dev.ctstream.record.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ctstream.record.RunIdentity;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The vectors are those of C2SP signed-note, and of Go's golang.org/x/mod/sumdb/note. */
class SignedNoteTest {
    private static final String C2SP_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    private static final String C2SP_NOTE = """
            This is an example message.

            — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
            """;
    private static final String GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    private static final String GO_SECRET =
            "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    private static final String GO_TEXT = """
            If you think cryptography is the answer to your problem,
            then you don't know what your problem is.
            """;
    private static final String GO_NOTE = GO_TEXT + "\n"
            + "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    private static NoteSigner signer(String name, int type) throws NoteException {
        return NoteSigner.generate(name, type);
    }

    @Test
    void verifiesTheExamplesOfC2spAndGo() throws NoteException {
        assertThat(SignedNote.parse(C2SP_NOTE).signedBy(NoteKey.parse(C2SP_KEY)))
                .isTrue();
        assertThat(SignedNote.parse(GO_NOTE).signedBy(NoteKey.parse(GO_KEY))).isTrue();
        assertThat(SignedNote.parse(GO_NOTE).signedBy(NoteKey.parse(C2SP_KEY))).isFalse();
        assertThat(NoteKey.parse(C2SP_KEY)).hasToString(C2SP_KEY);
        assertThat(SignedNote.parse(C2SP_NOTE).format()).isEqualTo(C2SP_NOTE);
    }

    @Test
    void signsToTheByteLikeGo() throws NoteException {
        NoteSigner signer = NoteSigner.parse(GO_SECRET, NoteKey.parse(GO_KEY));
        assertThat(SignedNote.sign(GO_TEXT, signer).format()).isEqualTo(GO_NOTE);
        assertThat(signer.secret()).isEqualTo(GO_SECRET);
        assertThat(signer).hasToString(GO_KEY);
    }

    @Test
    void aChangedCharacterIsNoticed() throws NoteException {
        NoteKey key = NoteKey.parse(C2SP_KEY);
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < 300; i++) {
            int at = random.nextInt(C2SP_NOTE.length() - 3); // the last Base64 digit has unused bits
            char other = (char) (C2SP_NOTE.charAt(at) ^ (1 << random.nextInt(5)));
            String changed = C2SP_NOTE.substring(0, at) + other + C2SP_NOTE.substring(at + 1);
            boolean good;
            try {
                good = SignedNote.parse(changed).signedBy(key);
            } catch (NoteException e) {
                good = false;
            }
            assertThat(good).as("%d: %s", at, changed).isFalse();
        }
    }

    @Test
    void textsThatAreNoKeysSayWhy() {
        assertThatThrownBy(() -> NoteKey.parse("example.com/foo")).hasMessageContaining("NAME+ID+BASE64");
        assertThatThrownBy(() -> NoteKey.parse(C2SP_KEY.replace("530d903a", "530d903b")))
                .hasMessageContaining("does not fit");
        assertThatThrownBy(() -> NoteSigner.parse(GO_SECRET, NoteKey.parse(C2SP_KEY)))
                .hasMessageContaining("second line");
        assertThatThrownBy(() -> NoteKey.parse(GO_SECRET))
                .hasMessageContaining("a private key")
                .hasMessageNotContaining(GO_SECRET);
        assertThatThrownBy(() -> NoteKey.parse("\u001b[2J" + "x".repeat(1000)))
                .hasMessage("not a public key of signed notes, NAME+ID+BASE64");
        assertThatThrownBy(() -> TlogProof.parse("c2sp.org/tlog-proof@v1\nindex 3\n"))
                .hasMessage("not a proof: it ends before its checkpoint");
        assertThatThrownBy(() -> SignedNote.parse("text")).isInstanceOf(NoteException.class);
    }

    /** What is no public key may be a private one, or a piece of it. */
    @Test
    void noMessageQuotesWhatIsGivenAsAKey() {
        String secret = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
        for (String text : List.of(
                "PRIVATE+KEY+ctstream/web-01.example+1234abcd+" + secret,
                "  PRIVATE+KEY+ctstream/h+1234abcd+" + secret,
                "KEY+ctstream/web-01.example+1234abcd+" + secret,
                "ctstream/web-01.example+1234abcd+" + secret,
                secret,
                secret + "+" + secret,
                secret + "+1234abcd+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")) {
            assertThatThrownBy(() -> NoteKey.parse(text))
                    .as(text)
                    .isInstanceOf(NoteException.class)
                    .message()
                    .doesNotContain("AYEKF", "Y7hfZ");
            assertThatThrownBy(() -> TrustedKeys.parse("# keys\n\n" + text))
                    .isInstanceOf(NoteException.class)
                    .message()
                    .startsWith("line 3: ")
                    .doesNotContain("AYEKF", "Y7hfZ");
            assertThatThrownBy(() -> SignedNote.parse("text\n\n" + text + "\n"))
                    .isInstanceOf(NoteException.class)
                    .message()
                    .doesNotContain("AYEKF", "Y7hfZ");
        }
        assertThatThrownBy(() -> NoteKey.parse(GO_SECRET))
                .hasMessageStartingWith("a private key: keep it secret")
                .hasMessageContaining("ctstream proof key show FILE");
    }

    /** Source: C2SP signed-note; the spaces are those of Go's unicode.IsSpace. */
    @Test
    void aNameHasNoUnicodeSpaceAndNoPlus() throws NoteException {
        String spaces =
                "\t\n\u000b\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
                        + "\u2028\u2029\u202f\u205f\u3000+";
        for (int i = 0; i < spaces.length(); i++) {
            char c = spaces.charAt(i);
            assertThatThrownBy(() -> signer("a" + c + "b", NoteKey.COSIGNATURE))
                    .as("U+%04X", (int) c)
                    .hasMessage("the name of a key has no spaces and no +");
            assertThatThrownBy(() -> SignedNote.parse(C2SP_NOTE.replace("example.com", "example" + c + "com")))
                    .as("U+%04X", (int) c)
                    .isInstanceOf(NoteException.class);
        }
        assertThat(signer("Zeuge-\u00e4/\u4e00", NoteKey.COSIGNATURE).key().name())
                .isEqualTo("Zeuge-\u00e4/\u4e00");
    }

    /** Source: C2SP signed-note: a verifier accepts at least 16 signatures, and those after quantum computers have 5 kB. */
    @Test
    void sixteenLongSignaturesAreAccepted() throws NoteException {
        NoteSigner host = signer("ctstream/h", NoteKey.ED25519);
        SignedNote note = new Checkpoint("ctstream/h/b/1", 3, Hash.EMPTY_ROOT).sign(host);
        for (int i = 1; i < 16; i++) {
            note = note.with(
                    new SignedNote.NoteSignature("witness.example/" + i, i, SignedNote.Bytes.of(new byte[5000])));
        }
        String text = note.format();
        assertThat(text).hasSizeGreaterThan(100_000);
        assertThat(SignedNote.parse(text).signatures()).hasSize(16);
        assertThat(SignedNote.parse(text).signedBy(host.key())).isTrue();
    }

    /** Source: C2SP tlog-checkpoint. */
    @Test
    void linesThatExtendACheckpointAreNotEmpty() throws NoteException {
        String three = "ctstream/h/b/1\n3\n" + Hash.EMPTY_ROOT.base64() + "\n";
        Checkpoint checkpoint = new Checkpoint("ctstream/h/b/1", 3, Hash.EMPTY_ROOT);
        assertThat(Checkpoint.parse(three)).isEqualTo(checkpoint);
        assertThat(Checkpoint.parse(three + "more\nand more\n")).isEqualTo(checkpoint);
        for (String text : List.of(
                three + "\n",
                three + "\nmore\n",
                three + "more\n\n",
                three + "more",
                "\n3\n" + Hash.EMPTY_ROOT.base64() + "\n",
                "ctstream/h/b/1\n3\n")) {
            assertThatThrownBy(() -> Checkpoint.parse(text)).as(text).hasMessageContaining("not a checkpoint");
        }
    }

    /** A key of one type under the name and bytes of another would make one signature say two things. */
    @Test
    void theKeyOfAWitnessSignsNoNoteAndIsNoHosts() throws NoteException {
        NoteSigner witness = signer("ctstream/h", NoteKey.COSIGNATURE);
        NoteSigner host = signer("ctstream/h", NoteKey.ED25519);
        Checkpoint checkpoint = new Checkpoint("ctstream/h/b/1", 3, Hash.EMPTY_ROOT);
        assertThatThrownBy(() -> TrustedKeys.parse(host.key() + "\n" + witness.key() + "\n"))
                .hasMessageStartingWith(
                        "line 2: the key of the witness ctstream/h, which only cosigns; wanted is the key of a host");
        assertThatThrownBy(() -> checkpoint.sign(witness)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> KeySuccession.sign(witness, host.key())).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> KeySuccession.parse(KeySuccession.sign(host, witness.key())))
                .hasMessageContaining("the key of the witness ctstream/h");
        assertThatThrownBy(() -> Cosignature.add(checkpoint.sign(host), host, 1))
                .isInstanceOf(IllegalArgumentException.class);

        // Made by hand: a good Ed25519 signature over the text, under the id of the witness's key.
        byte[] bytes = witness.sign(checkpoint.text().getBytes(java.nio.charset.StandardCharsets.UTF_8));
        SignedNote forged = new SignedNote(checkpoint.text(), List.of())
                .with(new SignedNote.NoteSignature("ctstream/h", witness.key().id(), SignedNote.Bytes.of(bytes)));
        assertThat(forged.signedBy(witness.key())).isFalse();
    }

    @Test
    void anOriginNamesItsRun() {
        RunIdentity run = new RunIdentity("host+1 ä/%", "boot", 17);
        String origin = LogOrigin.of(run);
        assertThat(origin).isEqualTo("ctstream/host%2B1%20%C3%A4%2F%25/boot/17");
        assertThat(LogOrigin.run(origin)).isEqualTo(run);
        assertThat(LogOrigin.run("ctstream/a/b")).isNull();
        assertThat(LogOrigin.run("ctstream/a%2/b/1")).isNull();
        assertThat(LogOrigin.run("ctstream/a/b/01")).isNull();
    }

    @Test
    void aKeyIsTrustedAfterTheOneBeforeIt() throws NoteException {
        NoteSigner first = signer("ctstream/h", NoteKey.ED25519);
        NoteSigner second = signer("ctstream/h", NoteKey.ED25519);
        NoteSigner stranger = signer("ctstream/h", NoteKey.ED25519);
        TrustedKeys trusted = TrustedKeys.parse("# keys\n" + first.key() + "\n");
        Checkpoint checkpoint = new Checkpoint("ctstream/h/b/1", 3, Hash.EMPTY_ROOT);
        assertThat(trusted.verified(checkpoint.sign(first))).isEqualTo(checkpoint);
        assertThatThrownBy(() -> trusted.verified(checkpoint.sign(second))).hasMessageContaining("trusted");
        SignedNote forged = KeySuccession.sign(stranger, second.key());
        assertThat(trusted.follow(KeySuccession.parse(forged))).isFalse();
        SignedNote statement =
                SignedNote.parse(KeySuccession.sign(first, second.key()).format());
        assertThat(trusted.follow(KeySuccession.parse(statement))).isTrue();
        assertThat(trusted.verified(checkpoint.sign(second))).isEqualTo(checkpoint);
        assertThatThrownBy(() -> trusted.verified(new Checkpoint("ctstream/x/b/1", 3, Hash.EMPTY_ROOT).sign(first)))
                .hasMessageContaining("no public key of ctstream/x");
    }

    @Test
    void aHolderOfAKeyCannotNameAnyNumberOfThem() throws NoteException {
        NoteSigner first = signer("ctstream/h", NoteKey.ED25519);
        TrustedKeys trusted = TrustedKeys.parse(first.key().toString());
        NoteKey followed = first.key();
        for (int i = 1; i < TrustedKeys.MOST_FOLLOWED; i++) {
            followed = signer("ctstream/h", NoteKey.ED25519).key();
            assertThat(trusted.follow(KeySuccession.parse(KeySuccession.sign(first, followed))))
                    .isTrue();
        }
        NoteKey more = signer("ctstream/h", NoteKey.ED25519).key();
        assertThat(trusted.follow(KeySuccession.parse(KeySuccession.sign(first, more))))
                .isFalse();
        assertThat(trusted.follow(KeySuccession.parse(KeySuccession.sign(first, followed))))
                .isTrue(); // it is one of them
        assertThat(trusted.of("ctstream/h")).hasSize(TrustedKeys.MOST_FOLLOWED);
    }

    @Test
    void aWitnessCosignsWithItsTime() throws NoteException {
        NoteSigner host = signer("ctstream/h", NoteKey.ED25519);
        NoteSigner witness = signer("witness.example/w", NoteKey.COSIGNATURE);
        SignedNote note = new Checkpoint("ctstream/h/b/1", 3, Hash.EMPTY_ROOT).sign(host);
        SignedNote cosigned =
                SignedNote.parse(Cosignature.add(note, witness, 1_795_000_000L).format());
        assertThat(cosigned.signedBy(host.key())).isTrue();
        assertThat(Cosignature.time(cosigned, witness.key())).hasValue(1_795_000_000L);
        assertThat(Cosignature.time(note, witness.key())).isEmpty();
        SignedNote other = new SignedNote(cosigned.text().replace("\n3\n", "\n4\n"), cosigned.signatures());
        assertThatThrownBy(() -> Cosignature.time(other, witness.key())).hasMessageContaining("not good");
    }

    @Test
    void aProofStandsForItself() throws NoteException {
        NoteSigner host = signer("ctstream/h", NoteKey.ED25519);
        CompactRange before = new CompactRange();
        Hash leaf = Hash.ofLeaf(Hash.digest(), new byte[] {1});
        before.append(leaf);
        TreeWindow window = new TreeWindow(before, List.of(leaf, leaf, Hash.EMPTY_ROOT));
        SignedNote note = new Checkpoint("ctstream/h/b/1", 4, window.after().root()).sign(host);
        TlogProof proof = TlogProof.of(new byte[] {7, 8}, 2, window.inclusion(2), note);
        TlogProof read = TlogProof.parse(proof.format());
        assertThat(read).isEqualTo(proof);
        assertThat(read.extraBytes()).containsExactly(7, 8);
        read.check(leaf);
        assertThatThrownBy(() -> read.check(Hash.EMPTY_ROOT)).hasMessageContaining("not leaf 2");
        assertThatThrownBy(() -> TlogProof.parse(proof.format().replace("index 2", "index 02")))
                .isInstanceOf(NoteException.class);
        assertThat(Objects.requireNonNull(LogOrigin.run("ctstream/h/b/1")).hostId())
                .isEqualTo("h");
    }
}
