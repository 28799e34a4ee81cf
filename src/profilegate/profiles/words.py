"""The two word lists behind generated display names.

Frozen: a record that does not exist yet is answered with its future name, so changing,
adding or reordering one word renames people. A test holds the lists' fingerprint.
Single capitalised ASCII words, friendly in every pairing.
"""

ADJECTIVES = tuple(
    """
    Able Active Agile Airy Alert Amber Ample Apt Artful Avid Azure Balmy Beaming Blissful Blithe Bold Bonny Bouncy
    Brave Breezy Bright Brisk Bronze Bubbly Buoyant Busy Calm Candid Careful Caring Cheerful Cheery Civil Classy
    Clear Clever Cobalt Cool Copper Coral Cordial Cosmic Cosy Courtly Creative Crimson Crisp Crystal Curious Dapper
    Daring Dashing Dazzling Decent Deft Devoted Diligent Dreamy Dynamic Eager Earnest Elated Elegant Emerald Epic
    Fair Faithful Famous Fancy Fearless Festive Fine Fleet Fluent Fond Frank Free Fresh Friendly Frosty Funny
    Gallant Generous Genial Gentle Genuine Gifted Giving Glad Gleaming Glowing Golden Good Graceful Gracious Grand
    Grateful Great Happy Hardy Harmonic Hearty Helpful Heroic Honest Hopeful Humble Humming Ideal Indigo Intrepid
    Inventive Jade Jaunty Jazzy Jolly Jovial Joyful Joyous Jubilant Keen Kind Kindly Laughing Leafy Learned Lemon
    Light Lilac Lively Logical Lovely Loyal Lucid Lucky Luminous Lunar Lyrical Magic Majestic Maroon Mellow Merry
    Mighty Mindful Mint Modest Musical Neat Nimble Noble Nifty Opal Open Optimal Orange Patient Peaceful Pearly
    Peppy Perky Placid Playful Pleasant Plucky Poetic Polite Polished Prompt Proud Prudent Quick Quiet Quirky
    Radiant Rapid Ready Regal Relaxed Rosy Royal Ruby Rustic Sage Sandy Sapphire Savvy Scarlet Serene Sharp Shining
    Silver Sincere Skilled Sleek Smart Smiling Smooth Snowy Snug Soaring Solar Solid Sonic Sparkling Speedy Spirited
    Splendid Spry Stable Starry Steady Stellar Sterling Still Sturdy Subtle Sunny Superb Sure Swift Tactful Tender
    Thankful Thrifty Tidy Topaz Tranquil True Trusty Upbeat Valiant Velvet Vibrant Violet Vivid Warm Watchful
    Whimsical Willing Winged Wise Witty Wondrous Worthy Zany Zealous Zesty
    """.split()
)

ANIMALS = tuple(
    """
    Addax Albatross Alpaca Anchovy Angelfish Ant Anteater Antelope Armadillo Avocet Axolotl Badger Bandicoot Barbet
    Barracuda Basilisk Bat Bear Beetle Bee Bilby Bison Blackbird Bluebird Bluejay Bobcat Bongo Budgie Buffalo Bulbul
    Bullfinch Bumblebee Bunting Bustard Butterfly Buzzard Camel Canary Caracal Caribou Cassowary Cat Catfish
    Chaffinch Chameleon Cheetah Chickadee Chinchilla Chipmunk Cicada Civet Clownfish Coati Cockatiel Cockatoo Condor
    Cormorant Coyote Crab Crane Cricket Crocodile Curlew Cuttlefish Damselfly Deer Dingo Dolphin Dormouse Dove
    Dragonfly Duck Dugong Eagle Echidna Egret Eland Elk Emu Ermine Falcon Fennec Ferret Finch Firefly Flamingo
    Flounder Fox Frog Gannet Gazelle Gecko Gerbil Giraffe Goldfinch Goldfish Goose Gopher Goshawk Grasshopper Grebe
    Greyhound Grouse Guanaco Guppy Haddock Halibut Hamster Hare Harrier Hawk Hedgehog Heron Herring Hoopoe Hornbill
    Horse Hummingbird Ibex Ibis Iguana Impala Jackdaw Jaguar Jay Jellyfish Jerboa Kangaroo Katydid Kestrel
    Kingfisher Kite Kiwi Koala Kodiak Koi Kookaburra Kudu Ladybird Lapwing Lark Lemming Lemur Leopard Lion Lizard
    Llama Lobster Loon Lorikeet Lynx Macaw Magpie Mallard Manatee Manta Mantis Margay Marlin Marmot Marten
    Meadowlark Meerkat Merlin Mink Minnow Mockingbird Mongoose Moose Moth Mouse Muskox Narwhal Newt Nightingale
    Numbat Nuthatch Ocelot Octopus Okapi Opossum Orca Oriole Oryx Osprey Ostrich Otter Owl Oyster Panda Pangolin
    Panther Parrot Partridge Peacock Pelican Penguin Perch Petrel Pheasant Pika Pipit Platypus Plover Pony Porcupine
    Porpoise Puffin Puma Quail Quetzal Quokka Rabbit Raccoon Raven Ray Redstart Reindeer Rhino Roadrunner Robin Rook
    Salamander Salmon Sandpiper Sardine Seahorse Seal Serval Shark Sheep Shrimp Skylark Sparrow Spoonbill Squid
    Squirrel Stag Starfish Starling Stoat Stork Sturgeon Swallow Swan Tamarin Tanager Tapir Tarsier Tern Terrier
    Thrush Tiger Toucan Trout Tuna Turtle Urchin Vicuna Wagtail Wallaby Walrus Warbler Waxwing Weaver Wildcat Wolf
    Wolverine Wombat Woodpecker Wren Yak Zebra
    """.split()
)
