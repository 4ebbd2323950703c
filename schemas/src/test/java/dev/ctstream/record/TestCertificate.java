package dev.ctstream.record;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * A key with a self-signed certificate, in a PKCS12 store that also serves as a trust store. Made with the JDK's keytool.
 *
 * @param store the file
 */
public record TestCertificate(Path store) {
    public static final String PASSWORD = "of-no-secret";

    private static final int LINE = 64;

    /**
     * Makes {@code NAME.p12} in the folder.
     *
     * @param alternative whom it names, as keytool writes it, for instance {@code ip:127.0.0.1}
     */
    public static TestCertificate make(Path folder, String name, String alternative)
            throws IOException, InterruptedException {
        TestCertificate made = new TestCertificate(folder.resolve(name + ".p12"));
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.addAll(List.of("-genkeypair", "-alias", name, "-keyalg", "EC", "-groupname", "secp256r1"));
        command.addAll(List.of("-dname", "CN=" + name, "-ext", "san=" + alternative, "-validity", "3650"));
        command.addAll(List.of("-storetype", "PKCS12", "-storepass", PASSWORD));
        command.addAll(List.of("-keystore", made.store.toString()));
        Process keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (keytool.waitFor() != 0) {
            throw new IOException(said);
        }
        return made;
    }

    /** The certificate alone, as PEM, in a file of its own. */
    public Path pem() throws IOException, GeneralSecurityException {
        KeyStore keys = KeyStore.getInstance(store.toFile(), PASSWORD.toCharArray());
        byte[] certificate = keys.getCertificate(keys.aliases().nextElement()).getEncoded();
        String body = Base64.getMimeEncoder(LINE, new byte[] {'\n'}).encodeToString(certificate);
        return Files.writeString(
                Path.of(store + ".pem"), "-----BEGIN CERTIFICATE-----\n" + body + "\n-----END CERTIFICATE-----\n");
    }
}
