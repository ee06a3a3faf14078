<?php
// The sample "PHP" of the vendor's page "device/connect/stop"; the test puts in host and ids.

$ch = curl_init();
curl_setopt_array($ch, array(
    CURLOPT_URL => "https://api.remot3.it/apv/v27/device/connect/stop",
    CURLOPT_HTTPHEADER => array(
        "developerkey: ".$_ENV["REMOTEIT_DEVELOPER_KEY"],
        "token: ".$_ENV["REMOTEIT_TOKEN"] // Created using the login API
    ),
    CURLOPT_POSTFIELDS => json_encode(array(
        "deviceaddress" => $_ENV["REMOTEIT_DEVICE_ADDRESS"],
        "connectionid" => $_ENV["REMOTEIT_CONNECTION_ID"]
    )),
    CURLOPT_RETURNTRANSFER => true
));
$response = curl_exec($ch);
$statusCode = curl_getinfo($ch, CURLINFO_HTTP_CODE);
curl_close($ch);

print("Status Code: ".$statusCode."\n");
$responseData = json_decode($response);
print_r($responseData);

?>
