package dev.ctstream.record;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
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
    private static final String[] EC = {"-keyalg", "EC", "-groupname", "secp256r1"};

    /**
     * Makes {@code NAME.p12} in the folder.
     *
     * @param alternative whom it names, as keytool writes it, for instance {@code ip:127.0.0.1}
     */
    public static TestCertificate make(Path folder, String name, String alternative)
            throws IOException, InterruptedException {
        return make(folder, name, alternative, EC);
    }

    /**
     * As {@link #make(Path, String, String)}, with another key.
     *
     * @param key as keytool writes it, for instance {@code -keyalg Ed25519}
     */
    public static TestCertificate make(Path folder, String name, String alternative, String... key)
            throws IOException, InterruptedException {
        TestCertificate made = new TestCertificate(folder.resolve(name + ".p12"));
        made.generate(name, "san=" + alternative, key);
        return made;
    }

    /** Makes {@code authority.p12}, and {@code NAME.p12} with a certificate of that authority that has expired. */
    public static TestCertificate makeExpired(Path folder, String name, String alternative)
            throws IOException, InterruptedException, GeneralSecurityException {
        TestCertificate authority = new TestCertificate(folder.resolve("authority.p12"));
        authority.generate("authority", "bc=ca:true", EC);
        TestCertificate made = new TestCertificate(folder.resolve(name + ".p12"));
        made.generate(name, "san=" + alternative, EC);
        Path request = folder.resolve(name + ".csr");
        Path reply = folder.resolve(name + ".crt");
        made.keytool("-certreq", "-alias", name, "-file", request.toString());
        authority.keytool(
                "-gencert",
                "-alias",
                "authority",
                "-infile",
                request.toString(),
                "-outfile",
                reply.toString(),
                "-rfc",
                "-startdate",
                "-3d",
                "-validity",
                "1",
                "-ext",
                "san=" + alternative);
        Files.writeString(reply, Files.readString(authority.pem()), StandardOpenOption.APPEND);
        made.keytool("-importcert", "-noprompt", "-alias", name, "-file", reply.toString());
        return made;
    }

    private void generate(String name, String extension, String... key) throws IOException, InterruptedException {
        List<String> arguments = new ArrayList<>(List.of("-genkeypair", "-alias", name));
        arguments.addAll(List.of(key));
        arguments.addAll(
                List.of("-dname", "CN=" + name, "-ext", extension, "-validity", "3650", "-storetype", "PKCS12"));
        keytool(arguments.toArray(String[]::new));
    }

    private void keytool(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.addAll(List.of("-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC"));
        command.addAll(List.of(arguments));
        command.addAll(List.of("-storepass", PASSWORD, "-keystore", store.toString()));
        Process keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (keytool.waitFor() != 0) {
            throw new IOException(said);
        }
    }

    /** The certificate alone, as PEM, in a file of its own. */
    public Path pem() throws IOException, GeneralSecurityException {
        KeyStore keys = keys();
        byte[] certificate = keys.getCertificate(keys.aliases().nextElement()).getEncoded();
        return Files.writeString(Path.of(store + ".pem"), pem("CERTIFICATE", certificate));
    }

    /** The private key, as PEM (PKCS#8), in a file of its own. */
    public Path keyPem() throws IOException, GeneralSecurityException {
        KeyStore keys = keys();
        byte[] key = keys.getKey(keys.aliases().nextElement(), PASSWORD.toCharArray())
                .getEncoded();
        return Files.writeString(Path.of(store + ".key.pem"), pem("PRIVATE KEY", key));
    }

    private KeyStore keys() throws IOException, GeneralSecurityException {
        return KeyStore.getInstance(store.toFile(), PASSWORD.toCharArray());
    }

    private static String pem(String label, byte[] content) {
        String body = Base64.getMimeEncoder(LINE, new byte[] {'\n'}).encodeToString(content);
        return "-----BEGIN " + label + "-----\n" + body + "\n-----END " + label + "-----\n";
    }
}
