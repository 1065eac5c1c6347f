#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "domain/password_policy.h"

namespace durward::domain {

namespace {

// What people type when asked for a password: these words, alone or with one of the endings below.
constexpr std::string_view words =
    "aaa aaaa aaaaa aaaaaa aaaaaaaa abc abcd abcde abcdef abcdefg abcdefgh abcabc abigail access account "
    "action "
    "adam adidas admin administrator adrian agent airborne airplane alabama alaska albert alex alexande "
    "alexander "
    "alexandra alexis alfred alice alicia alison allison alpha always amanda amateur amazing amber america "
    "american amigo amy anakin andrea andreas andrei andrew android angel angela angelina angels angie "
    "anhyeuem "
    "anna anne annie antares anthony antonio apollo apple apples april aqua aragorn archer arctic ariana "
    "aries "
    "arizona arlene armand army arsenal arthur artist asdasd asdf asdfg asdfgh asdfghj asdfghjk asdfghjkl "
    "asdqwe "
    "ashlee ashley asshole athena atlanta august austin australia autumn avatar awesome baby babyboy "
    "babydoll "
    "babygirl babylon bachelor badboy badger bailey balance ball balloon banana bananas bandit banker "
    "barbara "
    "barbie barcelona barney baseball basket basketball bass bastard batman battle beach beagle bear bears "
    "beast beatles beautiful beauty beaver beavis becky beer believe bella benjamin bentley bernard bernie "
    "bertha betty beverly bigboy bigdaddy bigdick bigdog bigfoot bigmac bigred bigtits bigtruck bill billy "
    "bingo biology bird birdie birthday biscuit bishop bitch bitches biteme black blackcat blackie blackjack "
    "blade blahblah blaster blazer blessed blessing blink blizzard blonde blondie blood blossom blowjob "
    "blowme "
    "blue bluebird bluesky bobby bond bondage bonnie boobies booboo booger boogie boomer bootsie boston "
    "bottle "
    "boulder bowling boxer brady brain brandon brandy brasil braves brazil brenda brian bridge britney "
    "broadway "
    "broncos brooke brooklyn brother brown browns bruce brutus bubba bubble bubbles buddha buddy buffalo "
    "buffy bull bulldog bullet bulls bullshit bunny burger business buster butter butterfly button cactus "
    "calvin camaro cameron camille campbell canada cancel cancer candy cannon captain caramel cardinal carla "
    "carlos carmen carol carolina caroline carpet carrot carter cartman casey casino casper cassie castle "
    "cat "
    "catch catherine cats cecilia celtic center central chance change changeme channel chaos charles charlie "
    "charlotte charmed cheese chelsea cherry cheryl chester chevrolet chevy chicago chicken chico chiefs "
    "china "
    "chinese chip chocolate chris chrissy christ christian christina christine christmas christopher chronic "
    "chuck cinderella classic claudia clayton cloud clover cobra cocacola coffee college colorado columbia "
    "comedy "
    "company compaq computer condor connect connor consumer contact control cookie cookies cool coolman "
    "cooper "
    "corona corvette cosmos country courage courtney cowboy cowboys coyote crazy cream creative cricket "
    "crimson "
    "cristina cross crystal cumshot cupcake custom cyber cynthia daddy daisy dakota dallas dance dancer "
    "daniel "
    "daniela danielle danny darkness darling database dave david dbadmin dead death december default delete "
    "delta "
    "demo denis denise dennis denver desert design desire destiny detroit developer dexter diablo diamond "
    "dick "
    "diesel digital dilbert dinosaur dirty disney doctor dodgers doggie dolphin dolphins domain dominic "
    "donald "
    "donkey donna dorothy douglas dragon dragonball dragons dream dreamer dreams driver dublin dude duke "
    "dundee dupont dustin dynasty eagle eagles earth eclipse eddie edward einstein electric elephant "
    "elizabeth "
    "ellie elvis emily eminem emma emmanuel empire energy england enigma enter eric erica erotic escape "
    "estrella "
    "eternity europe evelyn everton example excalibur explorer express extreme falcon family fantasy fashion "
    "father felix fender ferrari fetish fire firebird firefly fireman first fish fisher fishing flamengo "
    "flash "
    "florida flower flowers fluffy flyers football ford forest forever fortune forum foster france francis "
    "francisco frank frankie franklin freak fred freddie freddy free freedom freeman freepass french friday "
    "friend friends friendship frodo frog froggy fuck fucker fucking fuckme fuckoff fuckyou fuckyou fullmoon "
    "future gabriel galaxy galore gambit games gandalf garage garcia garfield garlic gateway gator gemini "
    "general "
    "genesis genius george georgia german germany gerald ghost giants gibson gilbert ginger giovanni girl "
    "girls "
    "gizmo gladiator global gloria goblue godzilla gold golden golf golfer golfing goober good goodluck "
    "google "
    "gordon gorgeous grace gracie graham grand grandma granny great green greenday gregory griffin groovy "
    "guardian guest guinness guitar gunner gunners hacker hahaha hailey hallo hammer hamster handsome hannah "
    "happy happyday hardcore hardware harley harold harriet harris harrison harry hawaii hawk hawkeye heart "
    "hearts heather heaven hector heidi helen hello hellokitty hellohello helpme hendrix henry hercules "
    "hermes "
    "hero hidden history hockey hola holiday holland hollywood home homer honda honey hooters hope hornet "
    "horny "
    "horse horses hotdog hotmail hotrod hottie house houston howard hummer hunter hunting hurricane ibanez "
    "iceman icecream idiot iguana iloveme iloveu iloveyou imagine impala indian indiana infinity inside "
    "install "
    "internet intrepid inuyasha ireland irish ironman isabel isabella isabelle island italia italy jack "
    "jackass "
    "jackie jackson jaguar jake jamaica james janet january japan jasmin jasmine jason jasper jazz jeep jeff "
    "jeffrey jennifer jenny jeremy jerome jerry jersey jesse jessica jessie jesus jesuschrist jillian jimmy "
    "joanna "
    "jobs joe john johnny johnson jonathan jordan jose joseph joshua journey joyce juice julia julian julie "
    "juliet "
    "july june junior jupiter justice justin justme karate karen karina kathleen katie kayla keeper kelly "
    "kenneth "
    "kermit kevin keyboard kicker killer killers kimberly king kingdom kingkong kings kissme kitten kitty "
    "knight "
    "knights kombat krishna kristen kristina ladies lady lakers lasvegas laura lauren laurie legend legolas "
    "leslie "
    "lesbian letmein letmeinnow liberty library lifehack light lightning lilly lincoln linda lindsay lindsey "
    "lion "
    "lipstick little liverpool lizard logan login london looking loser louise love lovelife lovely loveme "
    "lover "
    "lovers loveyou lucas lucifer lucky lucky7 lucy ludwig madison madonna maggie magic magnum maiden "
    "mailman "
    "manager manchester mandy marcus margaret maria mariah marie marina marine marines mario marion mark "
    "market "
    "marlboro married marshal marshall martha martin martina marvin mary mason master masters matrix matt "
    "matthew maverick maxima maxwell melanie melissa member memory mercedes mercury merlin message metallica "
    "mexico michael michel michele michelle michigan mickey midnight mike miller million millions mine "
    "minecraft "
    "minime minnie miracle mission mistress mitchell mobile modem molly monday money monica monika monitor "
    "monkey "
    "monkeys monster monsters montana monty moon moose morgan morning morris mother motorola mountain mouse "
    "movies mozart muffin murphy music mustang myself mystery nascar natalie natasha nathan nature naughty "
    "nelson network newlife newpass newyork nicholas nicole nikita nimbus ninja nintendo nirvana "
    "nissan "
    "nokia none nopass nothing november oblivion ocean octavia october office oliver olivia online open "
    "operator "
    "oracle orange oranges orchid orlando oscar oxford pacers pacific packers packard paintball pakistan "
    "pamela "
    "panama panda pandora panther panthers paradise paris parker pass passion passport passw0rd password "
    "password! passwords passwort patches patricia patrick patriots paul paula peace peaches peanut pearl "
    "pearljam pebbles penguin penis pentium people pepper pepsi perfect person peter petunia phantom philip "
    "phillip phoenix phone photo picard picture pierre pimpin pink pioneer pirate pirates pizza planet "
    "platinum "
    "player players playboy please poison pokemon police polina political polo poohbear pookie poopoo "
    "popcorn "
    "popeye porn porsche portland portugal postgres power powers precious prelude preston pretty primary "
    "prince "
    "princess princesa printer private problem prodigy property psycho public puffin pumpkin punisher "
    "puppies "
    "puppy purple pussy pussies qazwsx qazwsxedc qwaszx qwe qweasd qweasdzxc qweqwe qwer qwert qwerty "
    "qwertyu "
    "qwertyui qwertyuiop rabbit rachel racing racoon radio raiders rainbow raiders rambo ranger rangers "
    "raptor "
    "rascal raven raymond realmadrid rebecca rebel redhat redhead redneck redrum redskins redsox reggie "
    "regina "
    "reloaded remember renegade renault republic requiem rescue research return richard ricardo ripper river "
    "robbie robert roberto robin robinson rock rocket rockon rockstar rocky rodriguez roger roland roman "
    "romance "
    "romeo ronald ronaldo rooster root rosebud roses royal rubber ruby runner rush russell russia rusty "
    "sabrina "
    "sailor saints sakura salasana sally salmon samantha sammy samson samsung samuel sandra sandy santana "
    "santiago "
    "santos sarah sasha saturn saturday savage savannah scarface scarlet school science scooby scooter "
    "scorpio "
    "scorpion scotland scott scotty screen seattle sebastian secret security select selena senior sentinel "
    "september serena sergey serenity server service seven sexsex sexy shadow shalom shannon shark sharon "
    "shaved "
    "shelby sheldon shelly sherry shirley shit shithead shooter shopping shorty shotgun sierra silence "
    "silver "
    "silvia simon simone simple simpson simpsons sister skater skipper skippy skyline slayer slipknot smart "
    "smile smiley smith smokey smooth snake snickers sniper snoop snoopy snow snowball snowman soccer sofia "
    "softball soldier soleil solomon something sonic sophia sophie soulmate south spanish spanky sparky "
    "spartan "
    "special speed speedy spencer spider spiderman spirit spongebob spooky sport sports spring sprite squirt "
    "stalker stanley star stargate stars start startrek starwars stealth steelers stella stephanie stephen "
    "steve "
    "steven stewart sticky stingray stinky stocking storm stranger strawberry strike stripper strong stuart "
    "student stupid success sucker sugar summer sun sunday sundevil sunflower sunny sunrise sunset sunshine "
    "super "
    "superman supernova supersta superstar support supreme surfer susan suzanne suzuki sweet sweetheart "
    "sweetie "
    "sweetness sweetpea switch sydney sylvia symbol system tamara tango tanya target tarzan taurus taylor "
    "teacher "
    "teddy teddybear telephone temp temppass tennis teresa test tester testing testpass testtest texas "
    "thailand "
    "theking theman theone theresa thomas thor thousand thunder thursday thx1138 tiffany tiger tigers tigger "
    "timothy tinker tinkerbell titanic tits tomcat tommy topgun toor topsecret toronto tottenham toyota "
    "tractor "
    "training transfer trap travel travis treasure trial triangle trinity triumph trooper trouble trucker "
    "trump "
    "trumpet trust trustno trustno1 truth tucker tuesday turtle tweety twilight twister undertaker unicorn "
    "united "
    "universe unknown user username vagina valentin valentina valerie valhalla vampire vanessa vanilla "
    "vector "
    "vegeta velvet venus veronica victor victoria victory video viking vikings vincent violet viper virgin "
    "virginia vision volcano volkswagen volley volvo voodoo voyager wanker warcraft warlock warrior warriors "
    "water "
    "webmaster welcome welcome! wendy western whatever whiskey white wicked wildcat wildcats william "
    "williams "
    "willie willow wilson windows winner winnie winston winter wisdom wizard wolf wolverine wolves woman "
    "wonder "
    "woody working world wrestling writer xavier xbox xxx xxxx xxxxxx xxxxxxxx yahoo yamaha yankee yankees "
    "yellow "
    "yoda young yourself yvonne zachary zaq zaqwsx zaqxsw zaqzaq zeppelin zero zombie zoom zxc zxcv zxcvb "
    "zxcvbn "
    "zxcvbnm zzz zzzz zzzzzz "
    "1q2w3e 1q2w3e4r 1q2w3e4r5t 1qaz 1qaz2wsx 1qazxsw2 2wsx3edc a1b2c3 a1b2c3d4 abc123def q1w2e3 q1w2e3r4 "
    "p4ssw0rd p@ssw0rd p@ssword pa$$word pa55word passw0rd! 1passwor adm1n l3tm3in w3lc0me";

// Digits only: no ending is tried on these.
constexpr std::string_view numbers =
    "000 0000 00000 000000 0000000 00000000 007007 010101 010203 0123 01234 012345 0123456 01234567 "
    "012345678 "
    "0123456789 0987 098765 0987654 09876543 0987654321 101010 10101010 102030 10203040 111 1111 11111 "
    "111111 "
    "1111111 11111111 111111111 1111111111 111222 111222333 112112 112211 11223 112233 11223344 1122334455 "
    "1212 "
    "12121 121212 12121212 121314 12131415 122333 123 1230 123000 123098 1231 12312 123123 1231234 12312312 "
    "123123123 123212 123321 1233211 12332112 123321123 1234 12341 123412 1234123 12341234 12344321 12345 "
    "1234512 "
    "12345123 1234512345 123454321 1234554321 123456 1234561 12345612 123456123 123456123456 1234566 "
    "12345677 "
    "1234567 12345671 12345678 123456781 12345678910 123456788 123456789 1234567890 1234567891 12345679 "
    "123456798 123465 123654 123654789 123698745 123789 123987 124578 12131 131313 13131313 1313 134679 "
    "135246 135790 13579 1357911 135792468 142536 1472583 14725836 147258369 147369 147852 147852369 "
    "14789632 "
    "147896325 151515 159159 159357 159753 159951 161616 171717 181818 191919 1960 1970 1980 1990 1999 2000 "
    "20002000 2001 200000 2010 2012 2020 20202020 2021 2022 2023 2024 2025 202020 212121 2222 22222 222222 "
    "2222222 "
    "22222222 222333 223344 232323 2323 242424 2468 24680 246810 252525 258456 2580 258258 2580258 262626 "
    "272727 "
    "292929 303030 313131 314159 321 321321 3210 321654 321654987 32165498 333 3333 33333 333333 33333333 "
    "3333333 "
    "333666 345678 363636 3456789 369258 369369 404040 414141 420420 42069 424242 4321 43214321 434343 "
    "44332211 "
    "444 4444 44444 444444 44444444 445566 454545 456123 456456 456654 456789 456852 474747 484848 494949 "
    "505050 5050 515151 5150 525252 535353 54321 5432 543210 545454 55 555 5555 55555 555555 5555555 "
    "55555555 "
    "556677 565656 567890 5678 575757 585858 595959 606060 616161 626262 636363 646464 654123 654321 6543210 "
    "656565 666 6666 66666 666666 6666666 66666666 666777 666999 676767 686868 696969 6969 69696969 696968 "
    "700007 "
    "707070 717171 727272 737373 741741 741852 741852963 747474 753159 753951 757575 765432 7654321 767676 "
    "777 7777 77777 777777 7777777 77777777 777888 787878 7878 789123 789456 789456123 789789 78945612 "
    "797979 "
    "808080 818181 828282 838383 848484 852258 852456 852852 858585 868686 8675309 87654321 876543 878787 "
    "88 888 8888 88888 888888 8888888 88888888 888999 898989 8989 909090 911911 919191 929292 939393 951753 "
    "949494 959595 963852 963852741 963258 969696 979797 987 9876 98765 987456 987654 9876543 98765432 "
    "987654321 "
    "9876543210 989898 99 999 9999 99999 999999 9999999 99999999 999999999 999000";

constexpr std::string_view endings[] = {"",     "1",    "12",   "123",  "1234", "12345", "123456", "2",
                                        "3",    "7",    "11",   "13",   "21",   "22",    "23",     "69",
                                        "99",   "00",   "01",   "007",  "!",    "1!",    "123!",   "2020",
                                        "2021", "2022", "2023", "2024", "2025", "2026"};

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    if (end > at) out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  std::ranges::sort(out);
  const auto repeated = std::ranges::unique(out);
  out.erase(repeated.begin(), repeated.end());
  return out;
}

const std::vector<std::string_view>& sorted_words() {
  static const std::vector<std::string_view> list = split(words);
  return list;
}
const std::vector<std::string_view>& sorted_numbers() {
  static const std::vector<std::string_view> list = split(numbers);
  return list;
}

}  // namespace

bool is_common_password(std::string_view word) {
  if (std::ranges::binary_search(sorted_numbers(), word)) return true;
  return std::ranges::any_of(endings, [&](std::string_view ending) {
    return word.size() > ending.size() && word.ends_with(ending) &&
           std::ranges::binary_search(sorted_words(), word.substr(0, word.size() - ending.size()));
  });
}

size_t common_password_count() {
  return sorted_words().size() * std::size(endings) + sorted_numbers().size();
}

}  // namespace durward::domain
